import { toCandidate } from "./connection";
import { Emitter } from "./events";
import type { Peer, Signal } from "./room";

export interface MeshEvents {
  /** The picture and voice of another participant. */
  stream: { id: string; stream: MediaStream };
}

/** Connections to the other people in the room: one each, by perfect negotiation. */
export class Mesh {
  readonly events = new Emitter<MeshEvents>();
  private readonly links = new Map<string, Link>();

  constructor(
    private readonly selfId: string,
    private readonly iceServers: RTCIceServer[],
    private readonly stream: MediaStream,
    private readonly signal: (to: string, signal: Signal) => void,
  ) {}

  add({ id }: Peer): void {
    if (this.links.has(id)) return;
    const link = new Link(this.iceServers, this.stream, this.selfId < id, (signal) => this.signal(id, signal));
    link.onstream = (stream) => this.events.emit("stream", { id, stream });
    this.links.set(id, link);
  }

  remove(id: string): void {
    this.links.get(id)?.pc.close();
    this.links.delete(id);
  }

  take(from: string, signal: Signal): void {
    void this.links.get(from)?.take(signal);
  }

  close(): void {
    for (const id of [...this.links.keys()]) this.remove(id);
  }
}

/** One connection between two people; `polite` gives way when both offer at once. */
class Link {
  readonly pc: RTCPeerConnection;
  onstream: (stream: MediaStream) => void = () => {};
  private offering = false;
  private ignoring = false;
  /** Signals are taken one after the other, or a candidate could overtake its description. */
  private queue: Promise<void> = Promise.resolve();

  constructor(
    iceServers: RTCIceServer[],
    stream: MediaStream,
    private readonly polite: boolean,
    private readonly signal: (signal: Signal) => void,
  ) {
    this.pc = new RTCPeerConnection({ iceServers });
    this.pc.onnegotiationneeded = () => void this.offer();
    this.pc.onicecandidate = ({ candidate }) => this.signal({ candidate: candidate ? toCandidate(candidate) : null });
    this.pc.ontrack = ({ streams: [remote] }) => remote && this.onstream(remote);
    this.pc.onconnectionstatechange = () => this.pc.connectionState === "failed" && this.pc.restartIce();
    for (const track of stream.getTracks()) this.pc.addTrack(track, stream);
    if (!stream.getTracks().length) this.pc.createDataChannel("hello"); // somebody without media still negotiates
  }

  take(signal: Signal): Promise<void> {
    this.queue = this.queue.then(() => this.takeNow(signal)).catch(() => {
      // A description or candidate that cannot be used costs this link, not the page.
    });
    return this.queue;
  }

  private async offer(): Promise<void> {
    this.offering = true;
    try {
      await this.pc.setLocalDescription();
      this.describe();
    } finally {
      this.offering = false;
    }
  }

  private async takeNow(signal: Signal): Promise<void> {
    if (this.pc.signalingState === "closed") return;
    if ("description" in signal) {
      const collision = signal.description.type === "offer" && (this.offering || this.pc.signalingState !== "stable");
      this.ignoring = !this.polite && collision;
      if (this.ignoring) return;
      await this.pc.setRemoteDescription(signal.description);
      if (signal.description.type === "offer") {
        await this.pc.setLocalDescription();
        this.describe();
      }
    } else if (!this.ignoring) {
      await this.pc.addIceCandidate(signal.candidate ?? undefined);
    }
  }

  private describe(): void {
    const local = this.pc.localDescription;
    if (local) this.signal({ description: { type: local.type, sdp: local.sdp } });
  }
}
