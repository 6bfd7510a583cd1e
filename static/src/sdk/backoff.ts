const FIRST_MS = [200, 500, 1000];
const STEADY_MS = 1000;
/** From this attempt on the waits grow: it takes longer than a tunnel or a restart of the service. */
const PATIENT_FROM = 12;
const PATIENT_MS = 3000;

/** Waiting times for coming back: fast at first, then every 1–2 s, later every 3–6 s; jittered so that a crowd does not come at once. */
export class Backoff {
  private attempt = 0;

  constructor(private readonly random: () => number = Math.random) {}

  next(): number {
    const first = FIRST_MS[this.attempt];
    const base = this.attempt < PATIENT_FROM ? STEADY_MS : PATIENT_MS;
    this.attempt += 1;
    return Math.round(first === undefined ? base * (1 + this.random()) : first * (0.8 + 0.4 * this.random()));
  }

  reset(): void {
    this.attempt = 0;
  }
}
