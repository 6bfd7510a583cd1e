import type { Emitter } from "./events";
import { NO_CONSENT, SequenceGate, type Backpressure, type BotMessage, type ClientMessage, type Consent, type ConsentState, type Welcome } from "./messages";
import { CostMeter, now } from "./stats";
import type { ClientEvents } from "./types";

export interface SessionActions {
  send(message: ClientMessage): void;
  /** The bot let us in; `another`: into another session than the one before. */
  welcomed(another: boolean): void;
  yieldTo(wish: Backpressure): void;
}

/** What the bot says to us and what was decided, over all connections of one call. */
export class Session {
  welcome: Welcome | null = null;
  /** What the bot says is in force. */
  consented: ConsentState = { ...NO_CONSENT };
  readonly meter = new CostMeter();
  private readonly gate = new SequenceGate();
  /** What was decided in which session, so that a reconnect within it need not ask again. */
  private decided: { session: string; consent: Consent } | null = null;

  constructor(
    private readonly events: Emitter<ClientEvents>,
    private readonly actions: SessionActions,
  ) {}

  /** What was decided in this session; null where nothing was yet. */
  get decision(): Consent | null {
    return this.decided?.session === this.welcome?.session_id ? (this.decided?.consent ?? null) : null;
  }

  decide(consent: Consent): void {
    if (this.welcome) this.decided = { session: this.welcome.session_id, consent };
    this.actions.send({ type: "consent", payload: consent });
  }

  connecting(): void {
    this.gate.reset();
    this.meter.reconnected();
  }

  /** The connection is closed: nothing is being analysed while nobody receives us. */
  disconnected(): void {
    this.meter.disconnected();
    if (!this.consented.avatar && !this.consented.emotion) return;
    this.consented = { ...NO_CONSENT };
    this.events.emit("consent", this.consented);
  }

  /** Whether a message is about us rather than about somebody else in the room. */
  isOwn({ participant_id }: { participant_id: string }): boolean {
    return !this.welcome || participant_id === this.welcome.participant_id;
  }

  take(message: BotMessage): void {
    switch (message.type) {
      case "avatar_frame":
        if (!this.gate.accept(message)) return void (this.meter.lateFrames += 1);
        if (this.isOwn(message)) this.meter.message("avatar", message.timestamp_ms, message.payload.latency_ms, now());
        return this.events.emit("avatar", message);
      case "emotion_update":
        if (this.isOwn(message)) this.meter.message("emotion", message.timestamp_ms, message.payload.latency_ms, now());
        return this.events.emit("emotion", message);
      case "welcome":
        return this.welcomed(message.payload);
      case "consent_state":
        this.consented = message.payload;
        return this.events.emit("consent", message.payload);
      case "backpressure":
        return this.actions.yieldTo(message.payload);
      case "pong":
        return this.meter.clock.add(message.payload.client_ms, message.payload.bot_ms, now());
      case "notice":
      case "error":
        return this.events.emit(message.type, message.payload);
    }
  }

  /** The same session goes on with what was decided in it; another one begins without any consent. */
  private welcomed(welcome: Welcome): void {
    const earlier = this.welcome?.session_id ?? welcome.session_id;
    this.welcome = welcome;
    const { decision } = this;
    if (!decision) this.decided = null;
    this.actions.welcomed(earlier !== welcome.session_id);
    if (decision) this.decide(decision);
    this.events.emit("welcome", welcome);
  }
}
