import { mediaState, toCandidate, type MediaState } from "./connection";
import { Emitter } from "./events";
import type { Peer, Signal } from "./room";

/** A link that is not up by then is made anew, once. */
const PATIENCE_MS = 10_000;

export interface MeshEvents {
  /** The picture and voice of another participant. */
  stream: { id: string; stream: MediaStream };
  link: { id: string; connected: boolean };
  media: { id: string; media: MediaState };
}

/**
 * Connections to the other people in the room, one each. The newcomer offers and the others wait for it: offers
 * that cross cost Chromium its candidates in the rollback. Later offers follow perfect negotiation.
 */
export class Mesh {
  readonly events = new Emitter<MeshEvents>();
  private readonly links = new Map<string, Link>();
  private readonly watchdogs = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(
    private readonly selfId: string,
    private readonly iceServers: RTCIceServer[],
    private readonly stream: MediaStream,
    private readonly signal: (to: string, signal: Signal) => void,
  ) {}

  /** `initiate` where we are the newcomer of the two. */
  add({ id }: Peer, initiate: boolean): void {
    if (this.links.has(id)) return;
    this.link(id, initiate);
    this.watch(id, initiate);
  }

  remove(id: string): void {
    clearTimeout(this.watchdogs.get(id));
    this.watchdogs.delete(id);
    this.links.get(id)?.pc.close();
    this.links.delete(id);
  }

  take(from: string, signal: Signal): void {
    const link = this.links.get(from);
    if (!link) return;
    // An offer of another connection than before: the other side started anew, and so do we.
    const anew = "description" in signal && signal.description.type === "offer" && link.isOther(signal.description.sdp);
    void (anew ? this.link(from, false) : link).take(signal);
  }

  /** Tell everybody what is switched on. */
  tellMedia(): void {
    for (const link of this.links.values()) link.tellMedia();
  }

  close(): void {
    for (const id of [...this.links.keys()]) this.remove(id);
  }

  private link(id: string, initiate: boolean): Link {
    this.links.get(id)?.pc.close();
    const link = new Link(this.iceServers, this.stream, initiate, this.selfId < id, (signal) => this.signal(id, signal));
    link.onstream = (stream) => this.events.emit("stream", { id, stream });
    link.onmedia = (media) => this.events.emit("media", { id, media });
    link.onlink = (connected) => this.events.emit("link", { id, connected });
    this.links.set(id, link);
    return link;
  }

  private watch(id: string, initiate: boolean): void {
    const look = (): void => {
      if (this.links.get(id)?.pc.connectionState === "connected") return;
      this.events.emit("link", { id, connected: false });
      if (initiate) this.link(id, true);
    };
    this.watchdogs.set(id, setTimeout(look, PATIENCE_MS));
  }
}

/** One connection between two people; `polite` gives way when both offer at once. */
class Link {
  readonly pc: RTCPeerConnection;
  onstream: (stream: MediaStream) => void = () => {};
  onmedia: (media: MediaState) => void = () => {};
  onlink: (connected: boolean) => void = () => {};
  private readonly channel: RTCDataChannel;
  private offering = false;
  private ignoring = false;
  /** Signals are taken one after the other, or a candidate could overtake its description. */
  private queue: Promise<void> = Promise.resolve();

  constructor(
    iceServers: RTCIceServer[],
    private readonly stream: MediaStream,
    initiate: boolean,
    private readonly polite: boolean,
    private readonly signal: (signal: Signal) => void,
  ) {
    this.pc = new RTCPeerConnection({ iceServers });
    this.pc.onnegotiationneeded = () => {
      if (initiate || this.pc.remoteDescription) this.offer().catch(() => {}); // closed meanwhile
    };
    this.pc.onicecandidate = ({ candidate }) => this.signal({ candidate: candidate ? toCandidate(candidate) : null });
    this.pc.ontrack = ({ streams: [remote] }) => remote && this.onstream(remote);
    this.pc.onconnectionstatechange = () => this.connectionState();
    // Negotiated, so that somebody without media has something to offer, too.
    this.channel = this.pc.createDataChannel("hoovik.media", { negotiated: true, id: 0 });
    this.channel.onopen = () => this.tellMedia();
    this.channel.onmessage = ({ data }) => {
      const media = toMedia(data);
      if (media) this.onmedia(media);
    };
    for (const track of stream.getTracks()) this.pc.addTrack(track, stream);
  }

  /** Whether an offer is of another connection than the one that this link knows. */
  isOther(sdp: string): boolean {
    const known = this.pc.remoteDescription;
    return known !== null && origin(known.sdp) !== origin(sdp);
  }

  take(signal: Signal): Promise<void> {
    this.queue = this.queue.then(() => this.takeNow(signal)).catch(() => {
      // A description or candidate that cannot be used costs this link, not the page.
    });
    return this.queue;
  }

  tellMedia(): void {
    if (this.channel.readyState === "open") this.channel.send(JSON.stringify(mediaState(this.stream)));
  }

  private connectionState(): void {
    const state = this.pc.connectionState;
    if (state === "failed") this.pc.restartIce();
    if (state === "failed" || state === "connected") this.onlink(state === "connected");
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

/** The session id of a description, which a connection keeps for its life. */
export const origin = (sdp: string): string => /^o=\S+ (\S+)/m.exec(sdp)?.[1] ?? "";

function toMedia(data: unknown): MediaState | null {
  try {
    const { mic, camera } = JSON.parse(String(data)) as Partial<MediaState>;
    return typeof mic === "boolean" && typeof camera === "boolean" ? { mic, camera } : null;
  } catch {
    return null; // no message of ours
  }
}
