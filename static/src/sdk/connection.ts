import { Emitter } from "./events";
import { PROTOCOL, parse, type Backpressure, type BotMessage, type ClientMessage } from "./messages";
import type { Candidate, Signal } from "./room";
import { now } from "./stats";

const GATHER_MS = 1000;
const CONNECT_MS = 15_000;
const DISCONNECTED_MS = 5000;
/** The bot reads faces at this height; more only costs. */
const HEIGHT = 480;
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
}

/** Our connection to the bot: we offer, it answers. Media goes there, messages come back. */
export class BotConnection {
  readonly events = new Emitter<BotConnectionEvents>();
  readonly pc: RTCPeerConnection;
  private readonly channels = new Map<string, RTCDataChannel>();
  private readonly early: (Candidate | null)[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;
  private offered = false;

  constructor(
    iceServers: RTCIceServer[],
    stream: MediaStream,
    private readonly signal: (signal: Signal) => void,
  ) {
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
    this.pc.onicecandidate = ({ candidate }) => {
      if (this.offered) this.signal({ candidate: candidate ? toCandidate(candidate) : null });
    };
    this.pc.onconnectionstatechange = () => this.connectionState();
  }

  /** Offer with the candidates of at most one second in it; later ones trickle. */
  async offer(): Promise<void> {
    this.timer = setTimeout(() => this.lose("The bot did not answer within 15 s."), CONNECT_MS);
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

  /**
   * Send smaller or fewer pictures, as the bot asks. This is set on the sender, because the same track also
   * goes to other people; only where that is refused, the track itself is constrained.
   */
  async yieldTo({ suggested_fps, suggested_height }: Backpressure): Promise<void> {
    const sender = this.pc.getSenders().find(({ track }) => track?.kind === "video");
    if (!sender?.track || suggested_fps <= 0 || suggested_height <= 0) return;
    const height = sender.track.getSettings().height ?? HEIGHT;
    const parameters = sender.getParameters();
    for (const encoding of parameters.encodings) {
      encoding.maxFramerate = suggested_fps;
      encoding.scaleResolutionDownBy = Math.max(1, height / suggested_height);
    }
    try {
      await sender.setParameters(parameters);
    } catch {
      await sender.track.applyConstraints({ frameRate: { max: suggested_fps }, height: { max: suggested_height } });
    }
  }

  /** Whether the bot took our offer. */
  get answered(): boolean {
    return this.pc.remoteDescription !== null;
  }

  /** No event follows. */
  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.pc.close();
  }

  private addTrack(track: MediaStreamTrack, stream: MediaStream): void {
    const video = track.kind === "video";
    const height = track.getSettings().height ?? HEIGHT;
    const transceiver = this.pc.addTransceiver(track, {
      direction: "sendonly",
      streams: [stream],
      ...(video && {
        sendEncodings: [{ maxBitrate: MAX_BITRATE, maxFramerate: 30, scaleResolutionDownBy: Math.max(1, height / HEIGHT) }],
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
    if (state === "connected") clearTimeout(this.timer);
    if (state === "disconnected") {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.lose("The connection to the bot was lost."), DISCONNECTED_MS);
    }
  }

  private lose(how: string): void {
    if (this.closed) return;
    this.close();
    this.events.emit("lost", how);
  }

  private receive(data: unknown): void {
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
