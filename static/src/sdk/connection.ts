import { Adaptation, FULL_FPS, FULL_HEIGHT, encodingFor, type Adapt, type Adapted } from "./adapt";
import { Emitter } from "./events";
import { PROTOCOL, parse, type Backpressure, type BotMessage, type ClientMessage } from "./messages";
import type { Candidate, Signal } from "./room";
import { Pulse } from "./pulse";
import { now } from "./stats";

/** The offer waits for candidates at most this long; later ones trickle. */
const GATHER_MS = 500;
export const CONNECT_MS = 15_000;
const DISCONNECTED_MS = 3000;
const MAX_BITRATE = 1_500_000;

const CHANNELS: Record<string, RTCDataChannelInit> = {
  "hoovik.control": { ordered: true },
  "hoovik.emotion": { ordered: true },
  "hoovik.avatar": { ordered: false, maxRetransmits: 0 },
};

export interface BotConnectionEvents {
  message: BotMessage;
  /** A text that is no message we know. */
  unknown: string;
  /** The control channel is open. */
  open: undefined;
  /** The connection is gone; the text says how. */
  lost: string;
  /** Nothing comes any more, but it might: whoever hears this may make another connection beside it. */
  doubtful: string;
  /** The network between us works again after it did not. */
  revived: undefined;
}

/** Our connection to the bot: we offer, it answers. Media goes there, messages come back. */
export class BotConnection {
  readonly events = new Emitter<BotConnectionEvents>();
  readonly pc: RTCPeerConnection;
  private readonly channels = new Map<string, RTCDataChannel>();
  private readonly early: (Candidate | null)[] = [];
  /** Runs until the first message. */
  private connecting: ReturnType<typeof setTimeout> | undefined;
  private disconnected: ReturnType<typeof setTimeout> | undefined;
  private closed = false;
  private offered = false;
  private doubted = false;
  /** From the first message on. */
  private pulse: Pulse | null = null;
  private readonly adaptation: Adaptation;
  private readonly connectMs: number;

  constructor(
    iceServers: RTCIceServer[],
    stream: MediaStream,
    private readonly signal: (signal: Signal) => void,
    { adapt = "encoder", connectMs = CONNECT_MS }: { adapt?: Adapt; connectMs?: number } = {},
  ) {
    this.connectMs = connectMs;
    this.pc = new RTCPeerConnection({ iceServers });
    for (const [label, init] of Object.entries(CHANNELS)) {
      const channel = this.pc.createDataChannel(label, { ...init, protocol: PROTOCOL });
      channel.onmessage = (event) => this.receive(event.data);
      this.channels.set(label, channel);
    }
    const control = this.channel("hoovik.control");
    control.onopen = () => this.events.emit("open", undefined);
    control.onclose = () => this.lose("The bot closed the connection.");
    for (const track of stream.getTracks()) this.addTrack(track, stream);
    this.adaptation = new Adaptation(this.pc.getSenders().find(({ track }) => track?.kind === "video"), adapt);
    this.pc.onicecandidate = ({ candidate }) => {
      if (this.offered) this.signal({ candidate: candidate ? toCandidate(candidate) : null });
    };
    this.pc.onconnectionstatechange = () => this.connectionState();
  }

  /** Offer with the first candidates in it; later ones trickle. */
  async offer(): Promise<void> {
    this.connecting = setTimeout(() => this.lose(`The bot did not answer within ${Math.round(this.connectMs / 1000)} s.`), this.connectMs);
    await this.pc.setLocalDescription(await this.pc.createOffer());
    await this.gathered();
    const local = this.pc.localDescription;
    if (this.closed || !local) return;
    this.offered = true;
    this.signal({ description: { type: local.type, sdp: local.sdp } });
  }

  /** Take the bot's answer or a candidate. */
  async take(signal: Signal): Promise<void> {
    if (this.closed) return;
    if ("description" in signal) {
      if (signal.description.type !== "answer" || this.pc.signalingState !== "have-local-offer") return;
      await this.pc.setRemoteDescription(signal.description);
      for (const candidate of this.early.splice(0)) await this.candidate(candidate);
    } else if (this.pc.remoteDescription) {
      await this.candidate(signal.candidate);
    } else {
      this.early.push(signal.candidate);
    }
  }

  /** Say something to the bot; false where the channel is not open. */
  send(message: ClientMessage): boolean {
    const channel = this.channel("hoovik.control");
    if (channel.readyState !== "open") return false;
    channel.send(JSON.stringify(message));
    return true;
  }

  ping(): boolean {
    return this.send({ type: "ping", payload: { client_ms: now() } });
  }

  /** Send smaller or fewer pictures, as the bot asks, or all of them again. Never throws. */
  yieldTo(wish: Backpressure): Promise<Adapted> {
    return this.adaptation.apply(wish);
  }

  /** Look whether the bot still lives; about once a second. */
  check(nowMs: number): void {
    this.ping();
    if (this.pulse?.dead(nowMs)) this.doubt("The bot has gone silent.");
  }

  /** There is a reason to think that the network changed: the next answer must come soon. */
  suspect(nowMs: number): void {
    this.pulse?.doubt(nowMs);
    this.ping();
  }

  /** Whether the bot took our offer. */
  get answered(): boolean {
    return this.pc.remoteDescription !== null;
  }

  /** No event follows. */
  close(): void {
    this.closed = true;
    clearTimeout(this.connecting);
    clearTimeout(this.disconnected);
    this.adaptation.release();
    this.pc.close();
  }

  private addTrack(track: MediaStreamTrack, stream: MediaStream): void {
    const video = track.kind === "video";
    const transceiver = this.pc.addTransceiver(track, {
      direction: "sendonly",
      streams: [stream],
      ...(video && {
        sendEncodings: [{ maxBitrate: MAX_BITRATE, ...encodingFor(track, FULL_FPS, FULL_HEIGHT) }],
      }),
    });
    const codecs = RTCRtpSender.getCapabilities?.(track.kind)?.codecs;
    if (video && codecs && "setCodecPreferences" in transceiver) {
      const vp8 = (codec: { mimeType: string }): number => (codec.mimeType === "video/VP8" ? 0 : 1);
      transceiver.setCodecPreferences([...codecs].sort((a, b) => vp8(a) - vp8(b)));
    }
  }

  private gathered(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        if (this.pc.iceGatheringState === "complete") resolve();
      };
      this.pc.addEventListener("icegatheringstatechange", done);
      setTimeout(resolve, GATHER_MS);
      done();
    });
  }

  private async candidate(candidate: Candidate | null): Promise<void> {
    try {
      await this.pc.addIceCandidate(candidate ?? undefined);
    } catch {
      // One that cannot be used (another address family, a name that does not resolve) does not end the call.
    }
  }

  private connectionState(): void {
    const state = this.pc.connectionState;
    if (state === "failed") this.lose("The connection to the bot failed.");
    clearTimeout(this.disconnected);
    if (state === "connected" && this.doubted) this.events.emit("revived", undefined);
    if (state === "disconnected") {
      this.disconnected = setTimeout(() => this.doubt("The connection to the bot was lost."), DISCONNECTED_MS);
    }
  }

  private doubt(how: string): void {
    if (this.closed || this.doubted) return;
    this.doubted = true;
    this.events.emit("doubtful", how);
  }

  private lose(how: string): void {
    if (this.closed) return;
    this.close();
    this.events.emit("lost", how);
  }

  private receive(data: unknown): void {
    this.doubted = false;
    clearTimeout(this.connecting);
    if (this.pulse) this.pulse.heard(now());
    else this.pulse = new Pulse(now());
    const message = typeof data === "string" ? parse(data) : null;
    if (message) this.events.emit("message", message);
    else this.events.emit("unknown", typeof data === "string" ? data.slice(0, 200) : "binary");
  }

  private channel(label: string): RTCDataChannel {
    const channel = this.channels.get(label);
    if (!channel) throw new Error(`There is no channel ${label}; expected one of ${Object.keys(CHANNELS).join(", ")}.`);
    return channel;
  }
}

export function toCandidate(candidate: RTCIceCandidate): Candidate {
  return { candidate: candidate.candidate, sdpMid: candidate.sdpMid, sdpMLineIndex: candidate.sdpMLineIndex };
}

export interface MediaState {
  mic: boolean;
  camera: boolean;
}

/** What of a stream is really on. */
export function mediaState(stream: MediaStream): MediaState {
  const on = (kind: string): boolean =>
    stream.getTracks().some((track) => track.kind === kind && track.enabled && track.readyState === "live");
  return { mic: on("audio"), camera: on("video") };
}
