import type { AvatarFrame, Backpressure, ConsentState, EmotionUpdate, Notice, Welcome } from "./messages";
import type { MediaState } from "./connection";
import type { Peer } from "./room";
import type { Cost } from "./stats";

/**
 * idle → joining → connecting → live; `no-bot` where the room has none (or it refused us), `lost` while
 * coming back (again once a second, counting down), `failed` where the server said no, `left` at the end.
 */
export type ClientState = "idle" | "joining" | "no-bot" | "connecting" | "live" | "lost" | "failed" | "left";

export interface ClientOptions {
  /** Where the service is mounted, for example `https://host/` or `https://host/sub/`. */
  base: string;
  room: string;
  name: string;
  /** What the others and the bot receive; may hold only sound, or nothing. */
  stream: MediaStream;
  token?: string;
}

export interface ClientEvents {
  state: { state: ClientState; detail: string; code?: string };
  welcome: Welcome;
  consent: ConsentState;
  /** Frames that are older than one already here are dropped before. */
  avatar: AvatarFrame;
  emotion: EmotionUpdate;
  backpressure: Backpressure;
  notice: Notice;
  error: Notice;
  /** The other people in the room, without bots. */
  peers: Peer[];
  "peer-stream": { id: string; stream: MediaStream };
  /** Whether the connection to a person stands; false once it took too long, too. */
  "peer-link": { id: string; connected: boolean };
  /** What a person has switched on. */
  "peer-media": { id: string; media: MediaState };
  cost: Cost;
}
