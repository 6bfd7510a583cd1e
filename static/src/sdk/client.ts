import { Emitter } from "./events";
import { NO_CONSENT, toBotMessage, type Consent, type ConsentState, type Welcome } from "./messages";
import { now, type Cost } from "./stats";
import type { ClientEvents, ClientOptions, ClientState, Face } from "./types";
import { Visit } from "./visit";

/** One person in one built-in room: signalling, the bot, the other people, and coming back after a loss. */
export class HoovikClient implements Face {
  readonly events = new Emitter<ClientEvents>();
  state: ClientState = "idle";
  selfId = "";
  private readonly visit: Visit;

  constructor(readonly options: ClientOptions) {
    this.visit = new Visit(this);
  }

  get welcome(): Welcome | null {
    return this.visit.session.welcome;
  }

  /** What the bot says is in force. */
  get consented(): ConsentState {
    return this.visit.session.consented;
  }

  /** What was decided in this session; it goes on with that after a loss. Null where nothing was decided yet. */
  get decision(): Consent | null {
    return this.visit.session.decision;
  }

  /** The newest reading of what the session costs. */
  get stats(): Cost {
    return this.visit.session.meter.read(now());
  }

  join(): void {
    this.visit.begin();
  }

  leave(): void {
    this.visit.end(true);
    this.visit.say("left", "You left the room.");
  }

  /** Allow or withdraw. While coming back it is kept, and said as soon as the same session goes on. */
  consent(consent: Consent): void {
    this.visit.session.decide(consent);
  }

  /** End the analysis: of oneself, or (as host) of everybody. */
  stop(scope: "self" | "all" = "self"): void {
    this.visit.bot.send({ type: "stop", payload: { scope } });
    this.consent({ ...NO_CONSENT });
  }

  /** Ask again now instead of waiting: for a place, or for the connection. */
  retryNow(): void {
    this.visit.hurry();
  }

  /** Do not ask a bot that refused us again; the call goes on without it. `retryNow` takes it back. */
  stopAsking(): void {
    this.visit.asking.stop();
  }

  /** Switch microphone or camera; the bot is told, so that silence is not mistaken for a fault. */
  setMedia(media: { mic?: boolean; camera?: boolean }): void {
    for (const track of this.options.stream.getTracks()) {
      const on = track.kind === "audio" ? media.mic : media.camera;
      if (on !== undefined) track.enabled = on;
    }
    this.visit.bot.tellMedia();
    this.visit.people.tellMedia();
  }

  /** Tell the bot that the face is neutral now. */
  calibrate(): boolean {
    return this.visit.bot.send({ type: "calibrate", payload: {} });
  }

  /** Whether a message is about us rather than about somebody else in the room. */
  isOwn(message: { participant_id: string }): boolean {
    return this.visit.session.isOwn(message);
  }

  /** Handle a message as if the bot had sent it (tests do so through `window.hoovik.inject`). */
  receive(value: unknown): void {
    const message = toBotMessage(value);
    if (message) this.visit.session.take(message);
    else this.visit.session.meter.unknownMessages += 1;
  }
}
