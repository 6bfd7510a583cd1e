/** Tells silence from death: pings go out every second, so a bot that lives is heard. Times are ms, and arguments. */

/** Nothing at all heard for this long: the connection is dead. */
export const SILENT_MS = 5000;
/** The same once there is a reason to doubt (the browser changed networks). */
export const DOUBT_MS = 1500;
/** Looks are a second apart; after a longer gap it was we who slept, and the bot gets time to answer. */
const SLEPT_MS = 3000;
const WAKE_MS = 2000;

export class Pulse {
  private deadlineMs: number;

  constructor(private lookedMs: number) {
    this.deadlineMs = lookedMs + SILENT_MS;
  }

  heard(nowMs: number): void {
    this.deadlineMs = nowMs + SILENT_MS;
  }

  doubt(nowMs: number): void {
    this.deadlineMs = Math.min(this.deadlineMs, nowMs + DOUBT_MS);
  }

  /** Whether it is dead; to be asked about once a second. */
  dead(nowMs: number): boolean {
    if (nowMs - this.lookedMs > SLEPT_MS) this.deadlineMs = Math.max(this.deadlineMs, nowMs + WAKE_MS);
    this.lookedMs = nowMs;
    return nowMs > this.deadlineMs;
  }
}
