import { make, say } from "./dom";

export type Weight = "info" | "warning" | "error";

const SHOWN_MS: Record<Weight, number> = { info: 7000, warning: 12_000, error: 20_000 };
const AT_MOST = 4;

/** Short texts at the edge of the page; one per code, the newest last. Screen readers hear them politely. */
export class Notices {
  private readonly shown = new Map<string, { element: HTMLElement; timer: ReturnType<typeof setTimeout> | undefined }>();

  constructor(private readonly region: HTMLElement) {}

  /** `stay`: until hidden or clicked away; a new text then replaces the old one in place, unread. */
  show(code: string, message: string, weight: Weight = "info", stay = false): void {
    const old = stay && this.shown.get(code)?.element;
    if (old) {
      old.setAttribute("aria-live", "off");
      return say(old.firstElementChild as HTMLElement, message);
    }
    this.hide(code);
    const close = make("button", { class: "notice-close", type: "button", "aria-label": "Dismiss" }, "×");
    close.onclick = () => this.hide(code);
    const element = make("div", { class: `notice ${weight}`, "data-code": code }, make("p", {}, message), close);
    this.region.append(element);
    this.shown.set(code, { element, timer: stay ? undefined : setTimeout(() => this.hide(code), SHOWN_MS[weight]) });
    for (const oldest of [...this.shown.keys()].slice(0, -AT_MOST)) this.hide(oldest);
  }

  hide(code: string): void {
    const notice = this.shown.get(code);
    if (!notice) return;
    clearTimeout(notice.timer);
    notice.element.remove();
    this.shown.delete(code);
  }

  clear(): void {
    for (const code of [...this.shown.keys()]) this.hide(code);
  }
}
