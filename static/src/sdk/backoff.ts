/** Waiting times for coming back: doubled each time, capped at 30 s, jittered so that a crowd does not come at once. */
export class Backoff {
  private attempt = 0;

  constructor(
    private readonly random: () => number = Math.random,
    private readonly firstMs = 500,
    private readonly capMs = 30_000,
  ) {}

  next(): number {
    const full = Math.min(this.capMs, this.firstMs * 2 ** this.attempt);
    this.attempt += 1;
    return full * (0.5 + this.random() / 2);
  }

  reset(): void {
    this.attempt = 0;
  }
}
