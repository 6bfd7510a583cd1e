/** What the session costs: rates, latencies, bitrates. Time is an argument; only `now()` reads the clock. */

/** Unix milliseconds with a fraction, monotonic within a page. */
export const now = (): number => performance.timeOrigin + performance.now();

/** The bot's clock minus ours, from the exchange with the shortest round trip among the newest. */
export class ClockOffset {
  private readonly samples: { rtt: number; offset: number }[] = [];

  constructor(private readonly keep = 16) {}

  add(sentMs: number, botMs: number, receivedMs: number): void {
    const rtt = receivedMs - sentMs;
    if (!(rtt >= 0)) return;
    this.samples.push({ rtt, offset: botMs - (sentMs + receivedMs) / 2 });
    if (this.samples.length > this.keep) this.samples.shift();
  }

  private best(): { rtt: number; offset: number } | null {
    return this.samples.reduce<{ rtt: number; offset: number } | null>(
      (best, sample) => (best && best.rtt < sample.rtt ? best : sample),
      null,
    );
  }

  /** Milliseconds to add to our time to get the bot's; null before the first exchange. */
  get offsetMs(): number | null {
    return this.best()?.offset ?? null;
  }

  get roundTripMs(): number | null {
    return this.best()?.rtt ?? null;
  }

  reset(): void {
    this.samples.length = 0;
  }
}

/** Events per second over a sliding window. */
export class RateMeter {
  private times: number[] = [];
  /** When the first event ever came: a pause later on is part of the window. */
  private sinceMs: number | null = null;

  constructor(private readonly windowMs = 2000) {}

  mark(nowMs: number): void {
    this.trim(nowMs);
    this.sinceMs ??= nowMs;
    this.times.push(nowMs);
  }

  perSecond(nowMs: number): number {
    this.trim(nowMs);
    // Young meters divide by the time they have seen, so that the first second does not read low.
    return this.times.length / (Math.min(this.windowMs, Math.max(500, nowMs - (this.sinceMs ?? nowMs))) / 1000);
  }

  private trim(nowMs: number): void {
    const from = nowMs - this.windowMs;
    let stale = 0;
    while (stale < this.times.length && (this.times[stale] as number) <= from) stale += 1;
    if (stale) this.times = this.times.slice(stale);
  }
}

/** Median of the newest values. */
export class Median {
  private values: number[] = [];

  constructor(private readonly keep = 31) {}

  add(value: number): void {
    if (!Number.isFinite(value)) return;
    this.values.push(value);
    if (this.values.length > this.keep) this.values.shift();
  }

  get value(): number | null {
    if (!this.values.length) return null;
    const sorted = [...this.values].sort((a, b) => a - b);
    return sorted[sorted.length >> 1] as number;
  }

  reset(): void {
    this.values = [];
  }
}

/** Bits per second from a counter of bytes. */
export class Bitrate {
  private last: { bytes: number; atMs: number } | null = null;

  next(bytes: number, atMs: number): number | null {
    const last = this.last;
    this.last = { bytes, atMs };
    if (!last || atMs <= last.atMs || bytes < last.bytes) return null;
    return ((bytes - last.bytes) * 8000) / (atMs - last.atMs);
  }
}

/** One reading, about once a second. Null: not known (yet). */
export interface Cost {
  /** Capture to hand-over, as the bot measured it; median. */
  avatarLatencyMs: number | null;
  emotionLatencyMs: number | null;
  /** Capture (bot's reckoning) to arrival here, clocks aligned by ping; median. */
  avatarEndToEndMs: number | null;
  emotionEndToEndMs: number | null;
  avatarFps: number;
  emotionPerSecond: number;
  roundTripMs: number | null;
  clockOffsetMs: number | null;
  uploadBps: number | null;
  downloadBps: number | null;
  /** What we send, from the browser's own statistics and the bot's RTCP reports about it. */
  sending: Sending;
  /** Frames dropped because a newer one was there. */
  lateFrames: number;
  /** Messages that were malformed or of an unknown type. */
  unknownMessages: number;
}

/** What goes to the bot and what becomes of it on the way. Null: not known (yet). */
export interface Sending {
  /** Of the picture. */
  fps: number | null;
  height: number | null;
  /** Packets of picture and sound that never arrived, since the connection began. */
  packetsLost: number | null;
  /** Of the newest reports, 0…1: the worse of picture and sound. */
  lossShare: number | null;
  roundTripMs: number | null;
}

export const NOT_SENDING: Sending = { fps: null, height: null, packetsLost: null, lossShare: null, roundTripMs: null };

/** Bytes of one connection (media sent, data channels received), and how the media fares. */
export async function readStats(pc: Pick<RTCPeerConnection, "getStats">): Promise<{ sent: number; received: number; sending: Sending }> {
  let sent = 0;
  let received = 0;
  const sending = { ...NOT_SENDING };
  const finite = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);
  const worse = (one: number | null, other: number | null): number | null => (other === null ? one : Math.max(one ?? other, other));
  for (const report of (await pc.getStats()).values() as Iterable<Record<string, unknown>>) {
    if (report.type === "outbound-rtp") {
      sent += Number(report.bytesSent ?? 0) + Number(report.headerBytesSent ?? 0);
      if (report.kind === "video") {
        sending.fps = finite(report.framesPerSecond);
        sending.height = finite(report.frameHeight);
      }
    } else if (report.type === "remote-inbound-rtp") {
      const lost = finite(report.packetsLost);
      if (lost !== null) sending.packetsLost = (sending.packetsLost ?? 0) + Math.max(0, lost); // duplicates count below zero
      sending.lossShare = worse(sending.lossShare, finite(report.fractionLost));
      const seconds = finite(report.roundTripTime);
      sending.roundTripMs = worse(sending.roundTripMs, seconds === null ? null : seconds * 1000);
    } else if (report.type === "data-channel") {
      received += Number(report.bytesReceived ?? 0);
    }
  }
  return { sent, received, sending };
}

/** Collects what messages tell about one session. */
export class CostMeter {
  readonly clock = new ClockOffset();
  lateFrames = 0;
  unknownMessages = 0;
  private readonly latency = { avatar: new Median(), emotion: new Median() };
  private readonly endToEnd = { avatar: new Median(), emotion: new Median() };
  private readonly rate = { avatar: new RateMeter(), emotion: new RateMeter() };
  private upload = new Bitrate();
  private download = new Bitrate();
  private bps: { up: number | null; down: number | null } = { up: null, down: null };
  private sending: Sending = NOT_SENDING;

  message(kind: "avatar" | "emotion", timestampMs: number, latencyMs: number, nowMs: number): void {
    this.rate[kind].mark(nowMs);
    this.latency[kind].add(latencyMs);
    const offset = this.clock.offsetMs;
    if (offset !== null) this.endToEnd[kind].add(nowMs + offset - timestampMs);
  }

  stats({ sent, received, sending }: Awaited<ReturnType<typeof readStats>>, nowMs: number): void {
    this.sending = sending;
    this.bps = { up: this.upload.next(sent, nowMs), down: this.download.next(received, nowMs) };
  }

  /** A new connection counts from zero; what was measured before no longer holds. */
  reconnected(): void {
    this.clock.reset();
    for (const median of [...Object.values(this.latency), ...Object.values(this.endToEnd)]) median.reset();
    this.upload = new Bitrate();
    this.download = new Bitrate();
    this.bps = { up: null, down: null };
  }

  /** The connection is gone: no bytes flow. */
  disconnected(): void {
    this.sending = NOT_SENDING;
    this.bps = { up: null, down: null };
  }

  read(nowMs: number): Cost {
    const avatarFps = this.rate.avatar.perSecond(nowMs);
    const emotionPerSecond = this.rate.emotion.perSecond(nowMs);
    // Where nothing comes there is no latency either: an old number would look like a new one.
    return {
      avatarLatencyMs: avatarFps ? this.latency.avatar.value : null,
      emotionLatencyMs: emotionPerSecond ? this.latency.emotion.value : null,
      avatarEndToEndMs: avatarFps ? this.endToEnd.avatar.value : null,
      emotionEndToEndMs: emotionPerSecond ? this.endToEnd.emotion.value : null,
      avatarFps,
      emotionPerSecond,
      roundTripMs: this.clock.roundTripMs,
      clockOffsetMs: this.clock.offsetMs,
      uploadBps: this.bps.up,
      downloadBps: this.bps.down,
      sending: this.sending,
      lateFrames: this.lateFrames,
      unknownMessages: this.unknownMessages,
    };
  }
}
