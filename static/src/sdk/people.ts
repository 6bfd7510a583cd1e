import type { Emitter } from "./events";
import { Mesh } from "./mesh";
import type { Joined, Peer, Signal } from "./room";
import type { ClientEvents, ClientOptions } from "./types";

/** The other people in the room, without bots, and our connections to them. */
export class People {
  private readonly here = new Map<string, Peer>();
  /** Ourselves as the room knew us before: it may take a while until it notices that we went. */
  private readonly ghosts = new Set<string>();
  private mesh: Mesh | null = null;

  constructor(
    private readonly events: Emitter<ClientEvents>,
    private readonly options: ClientOptions,
  ) {}

  /** The room let us in, as another than `before` (empty: for the first time). Nobody is here until `add`. */
  enter(before: string, { self, ice_servers }: Joined, signal: (to: string, signal: Signal) => void): void {
    if (before) this.ghosts.add(before);
    this.mesh?.close();
    this.mesh = new Mesh(self.id, ice_servers, this.options.stream, signal);
    this.mesh.events.on("stream", (event) => this.events.emit("peer-stream", event));
    this.mesh.events.on("link", (event) => this.events.emit("peer-link", event));
    this.mesh.events.on("media", (event) => this.events.emit("peer-media", event));
    this.here.clear();
  }

  isGhost(id: string): boolean {
    return this.ghosts.has(id);
  }

  /** Somebody left the room; true where it was a ghost. */
  ghostLeft(id: string): boolean {
    return this.ghosts.delete(id);
  }

  /** Somebody was here before us (`newcomer`: we are; the caller tells of all of them at once), or came after us. */
  add(peer: Peer, newcomer: boolean): void {
    this.here.set(peer.id, peer);
    this.mesh?.add(peer, newcomer);
    if (!newcomer) this.tell();
  }

  remove(id: string): void {
    this.here.delete(id);
    this.mesh?.remove(id);
    this.tell();
  }

  take(from: string, signal: Signal): void {
    this.mesh?.take(from, signal);
  }

  tellMedia(): void {
    this.mesh?.tellMedia();
  }

  /** Say who is here. */
  tell(): void {
    this.events.emit("peers", [...this.here.values()]);
  }

  close(): void {
    this.mesh?.close();
    this.mesh = null;
    this.here.clear();
    this.tell();
  }
}
