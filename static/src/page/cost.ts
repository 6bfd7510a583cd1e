import type { Cost, Sending } from "../sdk";
import { byId, make, say } from "./dom";

type Row = [key: string, label: string, explanation: string, value: (cost: Cost) => string];

const ROWS: Row[] = [
  ["latency", "Avatar latency", "From capture to hand-over, as the bot measures it (median)", (c) => ms(c.avatarLatencyMs)],
  ["end-to-end", "Avatar, end to end", "From capture to arrival here, clocks aligned by ping (median)", (c) => ms(c.avatarEndToEndMs)],
  ["emotion-latency", "Emotion latency", "From capture to hand-over, as the bot measures it (median)", (c) => ms(c.emotionLatencyMs)],
  ["emotion-end-to-end", "Emotion, end to end", "From capture to arrival here, clocks aligned by ping (median)", (c) => ms(c.emotionEndToEndMs)],
  ["fps", "Avatar frames", "Frames received a second", (c) => `${c.avatarFps.toFixed(1)} /s`],
  ["emotion-rate", "Emotion updates", "Updates received a second", (c) => `${c.emotionPerSecond.toFixed(1)} /s`],
  ["upload", "Upload to the bot", "Picture and voice", (c) => bitrate(c.uploadBps)],
  ["download", "Download", "Messages on the data channels", (c) => bitrate(c.downloadBps)],
  ["sent", "Picture sent", "Lines of the picture and pictures a second, as the browser encodes them for the bot", (c) => picture(c.sending)],
  ["loss", "Lost on the way", "Of the newest packets of picture and sound (the worse of both), and packets since the connection began, as the bot reports them", (c) => loss(c.sending)],
  ["round-trip", "Round trip: ping, media", "Shortest of the newest pings, and of the media from the bot's reports", (c) => roundTrip(c)],
  ["late", "Late frames", "Dropped because a newer one was here", (c) => String(c.lateFrames)],
];

/** What the connection costs, in numbers. */
export class CostPanel {
  private readonly values = new Map<string, HTMLElement>();

  constructor() {
    const list = byId("cost-list", HTMLElement);
    for (const [key, label, explanation] of ROWS) {
      const value = make("dd", { "data-testid": `cost-${key}` }, "–");
      this.values.set(key, value);
      list.append(make("div", { title: explanation }, make("dt", {}, label), value));
    }
  }

  show(cost: Cost): void {
    for (const [key, , , value] of ROWS) {
      const element = this.values.get(key);
      if (element) say(element, value(cost));
    }
  }
}

const ms = (value: number | null): string => (value === null ? "–" : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`);

function picture({ height, fps }: Sending): string {
  return height === null ? "–" : `${height} lines, ${Math.round(fps ?? 0)} /s`;
}

function loss({ lossShare, packetsLost }: Sending): string {
  return lossShare === null ? "–" : `${(lossShare * 100).toFixed(1)} % (${packetsLost ?? 0})`;
}

function roundTrip({ roundTripMs, sending }: Cost): string {
  return `${ms(roundTripMs)}, ${ms(sending.roundTripMs)}`;
}

function bitrate(bps: number | null): string {
  if (bps === null) return "–";
  return bps >= 1e6 ? `${(bps / 1e6).toFixed(2)} Mbit/s` : `${Math.round(bps / 1000)} kbit/s`;
}
