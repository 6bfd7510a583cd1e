import type { Adapt, Adapted } from "./adapt";
import type { MediaState } from "./connection";
import type { Emitter } from "./events";
import type { AvatarFrame, Backpressure, ConsentState, EmotionUpdate, Notice, Welcome } from "./messages";
import type { Peer } from "./room";
import type { Cost } from "./stats";

/**
 * idle → joining → connecting → live; `no-bot` where the room has none (or it refused us), `reconnecting` while
 * coming back from a loss, `failed` where the server said no, `left` at the end.
 */
export type ClientState = "idle" | "joining" | "no-bot" | "connecting" | "live" | "reconnecting" | "failed" | "left";

/** Said at each change, and once a second while something is counted down. */
export interface StateEvent {
  state: ClientState;
  /** For people; `why` is the same without what is counted down. */
  detail: string;
  why?: string;
  /** For programs: why (`full`, `unauthorized`, `new_session`…). */
  code?: string;
  /** While reconnecting: the attempt that is under way or comes next, from 1. */
  attempt?: number;
  /** Seconds until it is tried again; absent where nothing is waited for. */
  retryInS?: number;
}

/** How the parts of the client say a change of state. */
export type Say = (state: ClientState, detail: string, more?: Omit<StateEvent, "state" | "detail">) => void;

export interface ClientOptions {
  /** Where the service is mounted, for example `https://host/` or `https://host/sub/`. */
  base: string;
  room: string;
  name: string;
  /** What the others and the bot receive; may hold only sound, or nothing. */
  stream: MediaStream;
  token?: string;
  /** What is turned down when the bot is busy; `encoder` unless given. */
  adapt?: Adapt;
}

export interface ClientEvents {
  state: StateEvent;
  welcome: Welcome;
  consent: ConsentState;
  /** Frames that are older than one already here are dropped before. */
  avatar: AvatarFrame;
  emotion: EmotionUpdate;
  /** The bot asked for less, or (`limited` is false) for everything again; said once that was tried. */
  backpressure: Backpressure & Adapted;
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

/** What everybody sees of a client, and its parts speak through. */
export interface Face {
  readonly options: ClientOptions;
  readonly events: Emitter<ClientEvents>;
  state: ClientState;
  selfId: string;
}
