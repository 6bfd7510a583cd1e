import { Emitter } from "./events";

/** Somebody in a room. */
export interface Peer {
  id: string;
  name: string;
  bot: boolean;
}

export interface Candidate {
  candidate: string;
  sdpMid: string | null;
  sdpMLineIndex: number | null;
}

/** What peers tell each other through the room: a description, or a candidate (null: no more of them). */
export type Signal = { description: { type: RTCSdpType; sdp: string } } | { candidate: Candidate | null };

export interface Joined {
  self: { id: string; name: string };
  peers: Peer[];
  ice_servers: RTCIceServer[];
}

export interface RoomError {
  code: string;
  message: string;
  /** After so many seconds it is worth asking again. */
  retry_after_s?: number;
}

export interface RoomEvents {
  joined: Joined;
  "peer-joined": Peer;
  "peer-left": string;
  signal: { from: string; signal: Signal };
  error: RoomError;
  /** The socket is gone; `refused` holds the server's reason where it gave one before we were in. */
  closed: { refused: RoomError | null };
}

/** `http(s)://host/path/` → `ws(s)://host/path/ws/rooms/{room}`. */
export function roomUrl(base: string, room: string): string {
  const url = new URL(`ws/rooms/${encodeURIComponent(room)}`, base);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.search = "";
  url.hash = "";
  return url.href;
}

/** The signalling of one built-in room over one WebSocket. It does not reconnect; `HoovikClient` does. */
export class Room {
  readonly events = new Emitter<RoomEvents>();
  private socket: WebSocket | null = null;
  private joined = false;
  private refused: RoomError | null = null;
  private onecho: (() => void) | null = null;
  /** Words to nobody whose answer is still to come; it may come late. */
  private echoes = 0;

  open(url: string, join: { name: string; token?: string; resume?: string }): void {
    const socket = new WebSocket(url);
    this.socket = socket;
    socket.onopen = () => socket.send(JSON.stringify({ type: "join", ...join }));
    socket.onmessage = (event) => this.socket === socket && this.receive(String(event.data));
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = null;
      this.events.emit("closed", { refused: this.joined ? null : this.refused });
    };
  }

  signal(to: string, signal: Signal): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    this.socket.send(JSON.stringify({ type: "signal", to, ...signal }));
  }

  /** Whether the socket still carries messages both ways: a word to nobody is answered with an error. */
  async alive(withinMs: number): Promise<boolean> {
    const socket = this.socket;
    if (socket?.readyState !== WebSocket.OPEN) return false;
    return new Promise((resolve) => {
      const done = (alive: boolean): void => {
        clearTimeout(timer);
        this.onecho = null;
        resolve(alive && this.socket === socket);
      };
      const timer = setTimeout(() => done(false), withinMs);
      this.onecho = () => done(true);
      this.echoes += 1;
      socket.send(JSON.stringify({ type: "signal", to: "", candidate: null }));
    });
  }

  /** Go away; no event follows. `forGood` tells the server not to keep the seat. */
  close(forGood = false): void {
    const socket = this.socket;
    this.socket = null;
    if (forGood && socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "leave" }));
    socket?.close(1000);
  }

  private receive(text: string): void {
    const message = decode(text);
    if (!message) return;
    switch (message.type) {
      case "joined":
        this.joined = true;
        this.events.emit("joined", {
          self: message.self as Joined["self"],
          peers: (message.peers ?? []) as Peer[],
          ice_servers: iceServers(message.ice_servers),
        });
        break;
      case "peer-joined":
        this.events.emit("peer-joined", message.peer as Peer);
        break;
      case "peer-left":
        this.events.emit("peer-left", String(message.id));
        break;
      case "signal":
        if ("description" in message || "candidate" in message) {
          this.events.emit("signal", { from: String(message.from), signal: message as unknown as Signal });
        }
        break;
      case "error": {
        const error: RoomError = { code: String(message.code ?? "error"), message: String(message.message ?? "Refused.") };
        if (typeof message.retry_after_s === "number" && message.retry_after_s > 0) error.retry_after_s = message.retry_after_s;
        if (error.code === "unknown_peer" && this.echoes > 0) {
          this.echoes -= 1;
          return this.onecho?.();
        }
        this.refused = error;
        this.events.emit("error", error);
        break;
      }
      default: // a newer server may say more than we know
    }
  }
}

function decode(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** URLs or whole server objects; both are in use. */
export function iceServers(value: unknown): RTCIceServer[] {
  if (!Array.isArray(value)) return [];
  return value.map((one) => (typeof one === "string" ? { urls: one } : (one as RTCIceServer)));
}
