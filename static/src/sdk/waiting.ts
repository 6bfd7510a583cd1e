import type { RoomError } from "./room";
import { now } from "./stats";

/** A refusal that does not say when to ask again. */
const ASK_AGAIN_S = 10;

/** Refused for now: counts down and asks again by itself, until it is stopped. */
export class Waiting {
  readonly code: string;
  readonly why: string;
  private untilMs: number;
  private readonly timer: ReturnType<typeof setTimeout>;

  /**
   * @param forBot The call goes on meanwhile, without the bot.
   * @param go Called once, when the time is over.
   */
  constructor(
    readonly forBot: boolean,
    { code, message, retry_after_s }: RoomError,
    go: () => void,
  ) {
    const ms = (retry_after_s ?? ASK_AGAIN_S) * 1000;
    this.code = code;
    // What the server advises about trying again is done here.
    this.why = message.replace(/[.;,]?\s*try again in [^.]*\.?\s*$/i, "").replace(/[^.!?]$/, "$&.");
    this.untilMs = now() + ms;
    this.timer = setTimeout(go, ms);
  }

  /** Seconds until it asks again; null once it was stopped. */
  get seconds(): number | null {
    return Number.isFinite(this.untilMs) ? Math.max(0, Math.ceil((this.untilMs - now()) / 1000)) : null;
  }

  get text(): string {
    const { seconds } = this;
    if (seconds === null) return this.why;
    return `${this.why} ${seconds ? `Trying again in ${seconds} s.` : "Trying again now…"}`;
  }

  stop(): void {
    clearTimeout(this.timer);
    this.untilMs = Infinity;
  }
}
