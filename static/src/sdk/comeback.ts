import { Backoff } from "./backoff";
import type { StateEvent } from "./types";

/** The service keeps a session this long for somebody who was lost. */
const SESSION_KEPT_MS = 60_000;
const KNOCK_MS = 1000;
const KNOCK_PATIENCE_MS = 2500;

export interface ComebackActions {
  /** Try once; `failed`, `progress` or `end` follows. */
  attempt(): void;
  /** Whether the service answers anything at all. */
  knock(): Promise<boolean>;
  nowMs(): number;
}

/**
 * When to try again. Beside the attempts, which browsers slow down once many have failed, there is a cheap
 * knock every second: as soon as it is answered after it was not, the next attempt is made at once.
 */
export class Comeback {
  /** How we were lost, in words. */
  how = "";
  /** The attempt that is under way or comes next; 0: not away. */
  attempt = 0;
  /** When the next attempt is made; 0 while one is under way. */
  untilMs = 0;
  private sinceMs = 0;
  private progressing = false;
  private reachable = true;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private knocker: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly actions: ComebackActions,
    private readonly backoff = new Backoff(),
  ) {}

  get away(): boolean {
    return this.attempt > 0;
  }

  /** How long, in ms; 0 where we are not away. */
  get awayMs(): number {
    return this.away ? this.actions.nowMs() - this.sinceMs : 0;
  }

  /** Lost, or an attempt failed. */
  failed(how: string): void {
    if (!this.away) {
      this.sinceMs = this.actions.nowMs();
      this.reachable = true;
      this.knocker = setInterval(() => void this.knock(), KNOCK_MS);
    }
    this.how = how;
    this.attempt += 1;
    this.progressing = false;
    const delay = this.backoff.next();
    this.untilMs = this.actions.nowMs() + delay;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fire(), delay);
  }

  /** The service let us in: what comes now is not interrupted by a hurry. */
  progress(): void {
    this.progressing = true;
  }

  /** The network is back, it seems: try at once. */
  hurry(): void {
    if (this.away && !this.progressing) this.fire();
  }

  /** We are back, or gave up. */
  end(): void {
    this.attempt = this.untilMs = 0;
    this.progressing = false;
    clearTimeout(this.timer);
    clearInterval(this.knocker);
  }

  /** The connection has proved itself: a next loss begins with short waits again. */
  proven(): void {
    if (!this.away) this.backoff.reset();
  }

  private fire(): void {
    clearTimeout(this.timer);
    this.untilMs = 0;
    this.actions.attempt();
  }

  private async knock(): Promise<void> {
    if (this.progressing) return;
    const answered = await this.actions.knock();
    const regained = answered && !this.reachable;
    this.reachable = answered;
    if (regained) this.hurry();
  }
}

/** What the state says while we are away. */
export function whileAway({ how, attempt, untilMs, awayMs }: Comeback, nowMs: number): Omit<StateEvent, "state"> {
  const seconds = Math.max(0, Math.ceil((untilMs - nowMs) / 1000));
  const why = globalThis.navigator?.onLine === false ? "This device is offline." : how;
  const when = seconds > 1 ? `Trying again in ${seconds} s.` : "Trying again now…";
  const late = awayMs > SESSION_KEPT_MS ? " The session may have ended meanwhile; then the bot asks again." : "";
  return { detail: `${why} ${when}${late}`, attempt, retryInS: seconds, why, ...(late && { code: "session_old" }) };
}

/** Whether the service at `base` answers anything. */
export async function knock(base: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(KNOCK_PATIENCE_MS);
    await fetch(new URL("health", base), { cache: "no-store", credentials: "omit", mode: "no-cors", signal });
    return true;
  } catch {
    return false; // refused, timed out or not allowed: the attempts go on by the clock
  }
}
