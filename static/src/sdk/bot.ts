import type { Adapt, Adapted } from "./adapt";
import { BotConnection, CONNECT_MS, mediaState } from "./connection";
import type { Backpressure, BotMessage, ClientMessage } from "./messages";
import type { Peer, Signal } from "./room";
import { now, readStats, type CostMeter } from "./stats";
import type { ClientOptions } from "./types";

/** While coming back: the bot must speak by then; more at each further attempt. */
const RECONNECT_MS = 4000;
const RECONNECT_MORE_MS = 2000;
/** Pings once the channel is open, in ms after it. */
const FIRST_PINGS_MS = [0, 150, 300];

export interface BotActions {
  heard(message: BotMessage): void;
  /** A text that is no message we know. */
  unknown(): void;
  /** The connection is gone; `drop` it. */
  lost(how: string): void;
  /** Nothing comes any more, but it might. */
  doubtful(how: string): void;
  revived(): void;
}

/** The bot of our room, and our connection to it where there is one. */
export class Bot {
  /** Kept while the connection is made anew; null where the room has no bot. */
  peer: Peer | null = null;
  private connection: BotConnection | null = null;
  /** When it welcomed us on this connection (ms); null before. */
  private welcomedMs: number | null = null;

  constructor(
    private readonly options: ClientOptions,
    private readonly actions: BotActions,
  ) {}

  /** Whether there is a connection, be it one that does not stand yet. */
  get linked(): boolean {
    return this.connection !== null;
  }

  /** Whether it has yet to answer our offer. */
  get asked(): boolean {
    return this.connection !== null && !this.connection.answered;
  }

  /** Whether it welcomed us on this connection. */
  get hasWelcomed(): boolean {
    return this.welcomedMs !== null;
  }

  /** For how long this connection has stood since the welcome, in ms; 0 before it. */
  get standsMs(): number {
    return this.welcomedMs === null ? 0 : now() - this.welcomedMs;
  }

  /** Begin a connection to `peer`; `attempt` is that of coming back, 0 where we are not away. `offer` follows. */
  open(peer: Peer, iceServers: RTCIceServer[], attempt: number, signal: (signal: Signal) => void): void {
    const adapt: Adapt = this.options.adapt ?? "encoder";
    const connectMs = attempt ? Math.min(CONNECT_MS, RECONNECT_MS + RECONNECT_MORE_MS * (attempt - 1)) : CONNECT_MS;
    const connection = new BotConnection(iceServers, this.options.stream, signal, { adapt, connectMs });
    this.peer = peer;
    this.connection = connection;
    this.welcomedMs = null;
    connection.events.on("message", (message) => this.actions.heard(message));
    connection.events.on("unknown", () => this.actions.unknown());
    connection.events.on("lost", (how) => this.lost(connection, how));
    connection.events.on("doubtful", (how) => this.actions.doubtful(how));
    connection.events.on("revived", () => this.actions.revived());
    connection.events.on("open", () => {
      for (const delay of FIRST_PINGS_MS) setTimeout(() => connection.ping(), delay);
      this.tellMedia();
    });
  }

  /** Offer, on the connection that was opened. */
  offer(): void {
    const { connection } = this;
    connection?.offer().catch(() => this.lost(connection, "The browser could not make an offer."));
  }

  /** It let us in. */
  welcomed(): void {
    if (this.connection) this.welcomedMs = now();
  }

  /** Take a signal; false where it is not from the bot. */
  take(from: string, signal: Signal): boolean {
    const { connection } = this;
    if (!connection || from !== this.peer?.id) return false;
    connection.take(signal).catch(() => this.lost(connection, "The bot's answer could not be used."));
    return true;
  }

  /** Say something; false where the channel is not open. */
  send(message: ClientMessage): boolean {
    return this.connection?.send(message) ?? false;
  }

  /** What is switched on, so that silence is not mistaken for a fault. */
  tellMedia(): void {
    this.connection?.send({ type: "media_state", payload: mediaState(this.options.stream) });
  }

  /** Send less, as the bot asks, or everything again; nothing where there is no connection. */
  yieldTo(wish: Backpressure): Promise<Adapted> | undefined {
    return this.connection?.yieldTo(wish);
  }

  /** Look whether the bot still lives; about once a second. */
  check(): void {
    this.connection?.check(now());
  }

  /** There is a reason to think that the network changed. */
  suspect(): void {
    this.connection?.suspect(now());
  }

  /** Read what the connection sends into `meter`. */
  async measure(meter: CostMeter): Promise<void> {
    if (this.connection) meter.stats(await readStats(this.connection.pc), now());
  }

  /** Close the connection; no event follows. */
  drop(): void {
    this.connection?.close();
    this.connection = null;
    this.welcomedMs = null;
  }

  private lost(connection: BotConnection, how: string): void {
    if (this.connection === connection) this.actions.lost(how);
  }
}
