import { Room, type Joined, type Peer, type RoomError, type Signal } from "./room";

export interface SeatActions {
  /** A fresh socket let us in; `keep` it. */
  joined(room: Room, joined: Joined): void;
  arrived(peer: Peer): void;
  left(id: string): void;
  signal(from: string, signal: Signal): void;
  /** The room that we are in says no to something. */
  refused(error: RoomError): void;
  /** The room that we were in is gone, or a fresh socket takes too long. */
  lost(how: string): void;
  /** A fresh socket was closed before it let us in; with the server's reason where it gave one. */
  turnedAway(refused: RoomError | null): void;
}

/** Our seat in the room: the socket that let us in, and, while coming back, a fresh one beside it. */
export class Seat {
  private room: Room | null = null;
  /** Has not let us in yet. */
  private entering: Room | null = null;

  constructor(private readonly actions: SeatActions) {}

  /** Whether a room let us in and is not known to be gone. */
  get taken(): boolean {
    return this.room !== null;
  }

  /** Open a socket to the room; the old one stays until it let us in. It is lost after `patienceMs`, where given. */
  enter(url: string, join: { name: string; token?: string; resume?: string }, patienceMs: number | null): void {
    this.entering?.close();
    const room = new Room();
    this.entering = room;
    room.events.on("joined", (joined) => this.actions.joined(room, joined));
    room.events.on("peer-joined", (peer) => this.actions.arrived(peer));
    room.events.on("peer-left", (id) => this.actions.left(id));
    room.events.on("error", (error) => this.room === room && this.actions.refused(error));
    room.events.on("closed", ({ refused }) => this.closed(room, refused));
    room.events.on("signal", ({ from, signal }) => this.actions.signal(from, signal));
    room.open(url, join);
    if (patienceMs === null) return;
    setTimeout(() => this.entering === room && this.actions.lost("The server does not answer."), patienceMs);
  }

  /** From now on we sit in `room`. */
  keep(room: Room): void {
    this.room?.close();
    this.room = room;
    this.entering = null;
  }

  /** Do not wait for the fresh socket any more. */
  giveUp(): void {
    this.entering?.close();
    this.entering = null;
  }

  signal(to: string, signal: Signal): void {
    this.room?.signal(to, signal);
  }

  /** Whether the room answers within that time. */
  alive(withinMs: number): Promise<boolean> {
    return this.room ? this.room.alive(withinMs) : Promise.resolve(false);
  }

  /** Go away; no event follows. `forGood` tells the server not to keep the seat. */
  leave(forGood: boolean): void {
    this.giveUp();
    this.room?.close(forGood);
    this.room = null;
  }

  private closed(room: Room, refused: RoomError | null): void {
    if (room === this.room) {
      this.room = null;
      if (!this.entering) this.actions.lost("The connection to the server was lost.");
    } else if (room === this.entering) {
      this.entering = null;
      this.actions.turnedAway(refused);
    }
  }
}
