import type { AvatarFrame, ClientState, ConsentState, Cost, EmotionUpdate, HoovikClient, StateEvent, Welcome } from "../sdk";

/**
 * `window.hoovik`: the handle for debugging and for browser tests. Nothing of the page depends on it.
 *
 * `inject(message)` runs a message through the same code as one from the bot, which makes states reachable
 * that a camera does not produce on demand. `morphs()` reads the weights that the 3D model has now.
 */
export interface DebugHandle {
  state: ClientState;
  /** The changes of it, the newest last, without countdowns. */
  states: (StateEvent & { atMs: number })[];
  /** What the connection costs now, loss and round trips included. */
  readonly cost: Cost | null;
  consent: ConsentState;
  welcome: Welcome | null;
  lastAvatar: AvatarFrame | null;
  lastEmotion: EmotionUpdate | null;
  avatarFrames: number;
  emotionUpdates: number;
  /** Everything that went wrong, the newest last: of the bot, the room and the page itself. */
  errors: { code: string; message: string }[];
  /** What lies over the avatar: off, waiting, face, no_face, voice_only or silent. */
  presence: string;
  /** Whether the 3D model is loaded. */
  avatarReady: boolean;
  morphs(): Record<string, number>;
  inject(message: unknown): void;
}

declare global {
  interface Window {
    hoovik: DebugHandle;
  }
}

const AT_MOST = 100;

export function installDebugHandle(client: () => HoovikClient | null, morphs: () => Record<string, number>): DebugHandle {
  const handle: DebugHandle = {
    state: "idle",
    states: [],
    get cost() {
      return client()?.stats ?? null;
    },
    consent: { avatar: false, emotion: false, transcript: false },
    welcome: null,
    lastAvatar: null,
    lastEmotion: null,
    avatarFrames: 0,
    emotionUpdates: 0,
    errors: [],
    presence: "off",
    avatarReady: false,
    morphs,
    inject: (message) => client()?.receive(message),
  };
  window.hoovik = handle;
  window.addEventListener("error", ({ message }) => noteError(handle, "page", message));
  window.addEventListener("unhandledrejection", ({ reason }) => noteError(handle, "page", String(reason)));
  return handle;
}

export function noteState(handle: DebugHandle, event: StateEvent): void {
  const last = handle.states[handle.states.length - 1];
  handle.state = event.state;
  if (last && last.state === event.state && last.code === event.code && last.attempt === event.attempt) return;
  handle.states.push({ ...event, atMs: Date.now() });
  if (handle.states.length > AT_MOST) handle.states.shift();
}

export function noteError(handle: DebugHandle, code: string, message: string): void {
  handle.errors.push({ code, message });
  if (handle.errors.length > AT_MOST) handle.errors.shift();
}
