import type { RoomError } from "./room";
import type { Say } from "./types";
import { Waiting } from "./waiting";

/** Refused for now, by the room or by its bot: says so, counts down, and asks again. */
export class Asking {
  private waiting: { how: Waiting; again: (quietly: boolean) => void } | null = null;

  constructor(private readonly say: Say) {}

  /** Wait as long as the refusal says, then call `again`; `quietly` unless somebody wished for it. */
  wait(forBot: boolean, error: RoomError, again: (quietly: boolean) => void): void {
    this.end();
    const go = (): void => {
      this.tell();
      this.waiting = null;
      again(true);
    };
    this.waiting = { how: new Waiting(forBot, error, go), again };
    this.tell();
  }

  /** Ask now; false where nothing is waited for. */
  hurry(): boolean {
    const { waiting } = this;
    this.end();
    waiting?.again(false);
    return waiting !== null;
  }

  /** Do not ask the bot again; `hurry` takes it back. */
  stop(): void {
    if (!this.waiting?.how.forBot) return;
    this.waiting.how.stop();
    this.tell();
  }

  /** Nothing is waited for any more. */
  end(): void {
    this.waiting?.how.stop();
    this.waiting = null;
  }

  /** Say how long it takes, where that is counted down; about once a second. */
  tick(): void {
    if (this.waiting && this.waiting.how.seconds !== null) this.tell();
  }

  private tell(): void {
    if (!this.waiting) return;
    const { forBot, text, why, code, seconds } = this.waiting.how;
    this.say(forBot ? "no-bot" : "joining", text, { code, why, ...(seconds !== null && { retryInS: seconds }) });
  }
}
