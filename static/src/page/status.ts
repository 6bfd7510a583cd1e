import type { Adapted, Backpressure, StateEvent } from "../sdk";
import { byId, say } from "./dom";

/** From this share of lost packets on it is worth a word, once it has lasted. */
const LOSSY = 0.05;
const LASTED_MS = 3000;

export type StatusAction = "retry" | "stop-asking" | "leave";

/** What a person should know while not everything is as it should be. */
export interface Status {
  kind: "reconnecting" | "refused" | "busy" | "lossy";
  text: string;
  /** Changes every second, so it is not read out. */
  count: string;
  actions: Partial<Record<StatusAction, string>>;
}

/** Fed with what happens; `at` says what is most worth knowing now. Times are Unix ms. */
export class StatusWatch {
  private state: StateEvent = { state: "idle", detail: "" };
  private busy: (Backpressure & Adapted) | null = null;
  private loss = 0;
  private lossySinceMs: number | null = null;

  to(state: StateEvent): void {
    if (state.state !== "live" && state.state !== this.state.state) this.busy = this.lossySinceMs = null;
    this.state = state;
  }

  pressure(wish: Backpressure & Adapted): void {
    this.busy = wish.limited ? wish : null;
  }

  /** The share of what we send that is lost; null where nothing is known. */
  lost(share: number | null, nowMs: number): void {
    this.loss = share ?? 0;
    if (this.loss < LOSSY) this.lossySinceMs = null;
    else this.lossySinceMs ??= nowMs;
  }

  at(nowMs: number): Status | null {
    const { state, code, why = "", attempt = 0, retryInS } = this.state;
    const soon = (what: string): string => (retryInS ? `${what} in ${retryInS} s` : `${what} now…`);
    if (state === "reconnecting") {
      const old = code ? "The session may have ended meanwhile; then the bot asks you again." : "Your session is kept meanwhile.";
      return { kind: "reconnecting", text: `Connection lost, coming back. ${old}`, count: `${why} ${soon(`Attempt ${attempt}`)}`, actions: { retry: "Try now" } };
    }
    if (state === "joining" && code) {
      return { kind: "refused", text: why, count: soon("Joining again"), actions: { retry: "Try now", leave: "Cancel" } };
    }
    if (state === "no-bot" && code) {
      const waits = retryInS !== undefined;
      const count = waits ? soon("Asking again") : "It is not asked again.";
      return { kind: "refused", text: `${why} The call goes on without it.`, count, actions: waits ? { retry: "Ask now", "stop-asking": "Stop asking" } : { retry: "Ask again" } };
    }
    if (state !== "live") return null;
    if (this.busy) return busyStatus(this.busy);
    if (this.lossySinceMs === null || nowMs - this.lossySinceMs < LASTED_MS) return null;
    return { kind: "lossy", text: "Your network loses part of what you send: sound is patched, the picture may stand still.", count: `${Math.round(this.loss * 100)} % is lost`, actions: {} };
  }
}

function busyStatus({ suggested_fps: fps, suggested_height: height, applied, refused }: Backpressure & Adapted): Status {
  const less = applied.length ? `Your picture goes to it at ${height} lines, ${round(fps)} a second.` : refused.length ? "This browser cannot send it less." : "";
  const how = fps > 0 && fps < 30 ? `measuring ${round(fps)} times a second; the avatar goes on at 30` : "it asks for smaller pictures";
  return { kind: "busy", text: `The bot is busy: ${how}.`, count: less, actions: {} };
}

const round = (value: number): string => String(Math.round(value * 10) / 10);

/** The strip over the avatar that shows it. It lies over the picture, so that nothing moves when it comes and goes. */
export class StatusStrip {
  private readonly strip = byId("status", HTMLElement);
  private readonly text = byId("status-text", HTMLElement);
  private readonly count = byId("status-count", HTMLElement);
  private readonly buttons: [StatusAction, HTMLButtonElement][];

  constructor(act: (action: StatusAction) => void) {
    this.buttons = (["retry", "stop-asking", "leave"] as const).map((action) => {
      const button = byId(`status-${action}`, HTMLButtonElement);
      button.onclick = () => act(action);
      return [action, button];
    });
  }

  /** The live region is never hidden, or its first words would not be read out. */
  show(status: Status | null): void {
    say(this.text, status?.text ?? "");
    if (status) this.strip.dataset.kind = status.kind;
    else delete this.strip.dataset.kind;
    say(this.count, status?.count ?? "");
    for (const [action, button] of this.buttons) {
      const label = status?.actions[action];
      button.hidden = !label;
      if (label) say(button, label);
    }
  }
}
