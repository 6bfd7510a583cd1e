import type { ClientState, ConsentState } from "../sdk";
import { byId, say } from "./dom";
import { overlayText, type Presence } from "./presence";
import type { Source } from "./source";

const PILL: Record<ClientState, string> = {
  idle: "",
  joining: "Joining…",
  "no-bot": "In the room, without the bot",
  connecting: "Connecting to the bot…",
  live: "Connected",
  reconnecting: "Reconnecting…",
  failed: "Not connected",
  left: "Left",
};

/** Why nothing can be analysed at all. */
const NO_BOT: Partial<Record<ClientState, string>> = {
  joining: "Joining…",
  connecting: "Connecting to the bot…",
  "no-bot": "There is no bot in this room.",
};

/** What moves the mouth, in words. */
const MOUTH: Record<string, string> = { audio: "your voice", video: "your camera", blend: "both" };

export interface CallActions {
  stop(): void;
  agreeAgain(): void;
  leave(): void;
  calibrate(): void;
  media(media: { mic?: boolean; camera?: boolean }): void;
}

/** The screen of the call: top bar, own picture, device buttons, what lies over the avatar. */
export class CallScreen {
  cameraOn = true;
  micOn = true;
  private readonly screen = byId("call", HTMLElement);
  private readonly pill = byId("connection-state", HTMLElement);
  private readonly sign = byId("analysed", HTMLElement);
  private readonly stop = byId("stop-button", HTMLButtonElement);
  private readonly again = byId("agree-again", HTMLButtonElement);
  private readonly video = byId("self-video", HTMLVideoElement);
  private readonly placeholder = byId("self-placeholder", HTMLElement);
  private readonly overlay = byId("avatar-overlay", HTMLElement);
  private readonly mic = byId("mic-toggle", HTMLButtonElement);
  private readonly camera = byId("camera-toggle", HTMLButtonElement);
  private readonly mirror = byId("mirror-toggle", HTMLButtonElement);
  private readonly calibrate = byId("calibrate-button", HTMLButtonElement);
  private hasVideo = true;
  /** Why there is no avatar at all; covers everything else. */
  private broken = "";
  /** Whether the strip says why nothing moves, so that nothing else needs to. */
  private explained = false;
  private noBot = "";

  constructor(private readonly actions: CallActions) {
    this.stop.onclick = () => actions.stop();
    this.again.onclick = () => actions.agreeAgain();
    this.calibrate.onclick = () => actions.calibrate();
    byId("leave-button", HTMLButtonElement).onclick = () => actions.leave();
    this.mic.onclick = () => this.toggle(this.mic, "mic");
    this.camera.onclick = () => this.toggle(this.camera, "camera");
    this.mirror.onclick = () => this.setMirror(this.mirror.ariaPressed !== "true");
    this.setMirror(true);
  }

  open(name: string, room: string, { stream }: Source): void {
    this.screen.hidden = false;
    this.hasVideo = stream.getVideoTracks().length > 0;
    this.cameraOn = this.hasVideo;
    byId("self-name", HTMLElement).textContent = name;
    byId("room-name", HTMLElement).textContent = room;
    this.video.srcObject = stream;
    this.camera.disabled = !this.hasVideo;
    this.mic.disabled = !stream.getAudioTracks().length;
    this.press(this.camera, this.hasVideo);
    this.micOn = !this.mic.disabled;
    this.press(this.mic, this.micOn);
    this.showSelf();
    window.scrollTo(0, 0);
  }

  close(): void {
    this.screen.hidden = true;
    this.video.srcObject = null;
  }

  state(state: ClientState, botName: string, code = ""): void {
    const text = state === "live" && botName ? `Connected to ${botName}` : PILL[state];
    say(this.pill, text);
    this.pill.dataset.state = state;
    this.noBot = NO_BOT[state] ?? "";
    this.explained = state === "reconnecting" || code !== "";
    if (this.explained && state !== "live") byId("avatar-tile", HTMLElement).dataset.calm = state;
    else delete byId("avatar-tile", HTMLElement).dataset.calm;
    if (state !== "live") this.again.hidden = true;
  }

  /** `paused`: agreed to, but nothing arrives at the bot; it goes on as soon as the connection is back. */
  consent({ avatar, emotion }: Pick<ConsentState, "avatar" | "emotion">, live: boolean, paused = false): void {
    const on = avatar || emotion;
    const what = [avatar && "avatar", emotion && "emotion"].filter(Boolean).join(" and ");
    this.sign.hidden = !on;
    this.sign.classList.toggle("paused", paused);
    say(this.sign, !on ? "" : paused ? `analysis interrupted: ${what}` : `being analysed: ${what}`);
    this.stop.hidden = !on;
    this.again.hidden = on || !live;
    this.calibrate.disabled = !on || paused;
  }

  presence(presence: Presence): void {
    const { micOn: mic, cameraOn: camera, hasVideo, noBot } = this;
    const text = this.broken || (this.explained ? "" : overlayText(presence, { mic, camera, hasVideo, noBot }));
    this.overlay.hidden = !text;
    this.overlay.dataset.presence = this.broken ? "broken" : presence;
    say(this.overlay, text);
  }

  /** The avatar cannot be shown, and why. */
  withoutAvatar(why: string): void {
    this.broken = why;
  }

  mouth(source: string): void {
    say(byId("mouth-source", HTMLElement), source ? `· mouth: ${MOUTH[source] ?? source}` : "");
  }

  speaking(on: boolean): void {
    byId("self-tile", HTMLElement).classList.toggle("speaking", on);
  }

  glow(intensity: number, colour: string): void {
    const tile = byId("avatar-tile", HTMLElement);
    tile.style.setProperty("--glow", intensity.toFixed(2));
    tile.style.setProperty("--tint", colour);
  }

  private setMirror(on: boolean): void {
    this.mirror.ariaPressed = String(on);
    this.mirror.textContent = `Mirror ${on ? "on" : "off"}`;
    this.screen.classList.toggle("mirror", on);
  }

  private toggle(button: HTMLButtonElement, kind: "mic" | "camera"): void {
    const on = button.ariaPressed !== "true";
    this.press(button, on);
    if (kind === "camera") this.cameraOn = on;
    else this.micOn = on;
    this.actions.media({ [kind]: on });
    this.showSelf();
  }

  private press(button: HTMLButtonElement, on: boolean): void {
    const what = button === this.mic ? "Microphone" : "Camera";
    button.ariaPressed = String(on);
    button.textContent = button.disabled ? `No ${what.toLowerCase()}` : `${what} ${on ? "on" : "off"}`;
  }

  private showSelf(): void {
    this.placeholder.hidden = this.cameraOn;
    say(this.placeholder, this.hasVideo ? "Your camera is off." : "No picture is sent, only sound.");
  }
}
