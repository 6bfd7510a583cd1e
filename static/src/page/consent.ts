import { NO_CONSENT, type Audience, type Consent, type Welcome } from "../sdk";
import { byId, make } from "./dom";

const WHO: Record<Audience, string> = { self: "you", host: "the host of the room", room: "everybody in the room" };

/** Asks what may be analysed. Escape and Decline allow nothing. */
export class ConsentDialog {
  private readonly dialog = byId("consent", HTMLDialogElement);
  private readonly avatar = byId("consent-avatar", HTMLInputElement);
  private readonly emotion = byId("consent-emotion", HTMLInputElement);
  private readonly agree = byId("consent-agree", HTMLButtonElement);

  constructor(onDecision: (consent: Consent) => void) {
    this.avatar.onchange = this.emotion.onchange = () => this.label();
    this.dialog.oncancel = () => (this.dialog.returnValue = "decline");
    this.dialog.onclose = () => {
      if (this.dialog.returnValue === "dismissed") return;
      const agreed = this.dialog.returnValue === "agree";
      onDecision(agreed ? { avatar: this.avatar.checked, emotion: this.emotion.checked, transcript: false } : { ...NO_CONSENT });
    };
  }

  ask(welcome: Welcome): void {
    if (this.dialog.open) return;
    const modes = welcome.modes ?? { avatar: true, emotion: true };
    this.avatar.checked = modes.avatar;
    this.emotion.checked = modes.emotion;
    this.avatar.disabled = !modes.avatar;
    this.emotion.disabled = !modes.emotion;
    set("consent-title", `${welcome.bot} asks to analyse you`);
    set("consent-intro", `${welcome.bot} is a program in this room (purpose: ${welcome.purpose}). Until you agree, your picture and voice are not decoded. Choose what it may do:`);
    set("consent-avatar-text", modes.avatar
      ? "Measures the geometry of your face and the sounds of your speech, to move an avatar."
      : "Not offered here.");
    set("consent-emotion-text", modes.emotion
      ? `Reads facial expression and tone of voice, to estimate what they express (model ${welcome.model}). The estimate can be wrong.`
      : `Not offered here: emotions are not read for the purpose “${welcome.purpose}”.`);
    byId("consent-facts", HTMLElement).replaceChildren(...facts(welcome));
    this.label();
    this.dialog.returnValue = "decline";
    this.dialog.showModal();
    byId("consent-title", HTMLElement).focus(); // from the top: the buttons stay in view anyway
    this.dialog.scrollTop = 0;
  }

  /** Close without a decision: nobody is there to hear it. */
  dismiss(): void {
    if (this.dialog.open) this.dialog.close("dismissed");
  }

  /** The button says what it does. */
  private label(): void {
    const { avatar, emotion } = { avatar: this.avatar.checked, emotion: this.emotion.checked };
    this.agree.disabled = !avatar && !emotion;
    this.agree.textContent = avatar && emotion ? "Agree to both" : avatar ? "Agree to avatar only" : emotion ? "Agree to emotion only" : "Agree";
  }
}

function set(id: string, text: string): void {
  byId(id, HTMLElement).textContent = text;
}

function facts(welcome: Welcome): HTMLElement[] {
  const rows: [string, string][] = [];
  if (welcome.analysed.length) rows.push(["Analysed", welcome.analysed.join("; ")]);
  rows.push(
    ["Kept", welcome.retention || "Nothing is stored."],
    ["Who receives it", receivers(welcome)],
    ["Withdraw", "At any time, with one click on “Stop analysis”. The call goes on."],
  );
  return rows.map(([term, text]) => make("div", {}, make("dt", {}, term), make("dd", {}, text)));
}

function receivers({ audience, host, modes }: Welcome): string {
  const who = (kind: Audience[] | undefined, fallback: Audience[]): string => {
    const names = (kind ?? fallback).filter((one) => !(one === "host" && host)).map((one) => WHO[one]);
    return list([...new Set(names)]) || "nobody";
  };
  const avatar = who(audience?.avatar_frame, ["room"]);
  const emotion = who(audience?.emotion_update, ["self", "host"]);
  const parts = [modes?.avatar !== false && `Avatar motion: ${avatar}.`, modes?.emotion !== false && `Emotion: ${emotion}.`];
  return parts.filter(Boolean).join(" ") || "Nobody.";
}

function list(items: string[]): string {
  return items.length < 2 ? (items[0] ?? "") : `${items.slice(0, -1).join(", ")} and ${items[items.length - 1]}`;
}
