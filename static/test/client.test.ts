import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { HoovikClient, type StateEvent } from "../src/sdk";

/** A socket to a room that a test answers by hand. */
class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  sent: Record<string, unknown>[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  /** Whether a word to nobody is answered, as a live room does. */
  echoes = true;

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  static get last(): FakeSocket {
    return FakeSocket.all[FakeSocket.all.length - 1] as FakeSocket;
  }

  /** Let them in. */
  join(id: string, others: string[] = []): void {
    this.readyState = 1;
    this.onopen?.();
    const people = others.map((other) => ({ id: other, name: other, bot: false }));
    this.say({ type: "joined", self: { id, name: "me" }, peers: [{ id: "hoovik", name: "Hoovik", bot: true }, ...people], ice_servers: [] });
  }

  say(message: Record<string, unknown>): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  send(text: string): void {
    const message = JSON.parse(text) as Record<string, unknown>;
    this.sent.push(message);
    if (message.to === "" && this.echoes) this.say({ type: "error", code: "unknown_peer", message: "Nobody." });
  }

  close(): void {
    this.readyState = 3;
    this.onclose?.();
  }
}

class FakeChannel {
  readyState = "connecting";
  sent: { type: string; payload: Record<string, unknown> }[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  send(text: string): void {
    this.sent.push(JSON.parse(text) as FakeChannel["sent"][number]);
  }
}

class FakeConnection {
  static all: FakeConnection[] = [];
  channels: Record<string, FakeChannel> = {};
  connectionState = "new";
  iceGatheringState = "complete";
  signalingState = "stable";
  localDescription: unknown = null;
  remoteDescription: unknown = null;
  onconnectionstatechange: (() => void) | null = null;

  constructor() {
    FakeConnection.all.push(this);
  }

  /** Those to the bot: others have no control channel. */
  static get bots(): FakeConnection[] {
    return FakeConnection.all.filter(({ channels }) => channels["hoovik.control"]);
  }

  static get last(): FakeConnection {
    return FakeConnection.bots[FakeConnection.bots.length - 1] as FakeConnection;
  }

  get control(): FakeChannel {
    return this.channels["hoovik.control"] as FakeChannel;
  }

  createDataChannel(label: string): FakeChannel {
    return (this.channels[label] = new FakeChannel());
  }

  createOffer = async () => ({ type: "offer", sdp: "offer" });
  setLocalDescription = async (description: unknown) => void (this.localDescription = description);
  getSenders = () => [];
  getStats = async () => new Map();
  addEventListener = () => {};

  to(state: string): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }

  say(type: string, payload: Record<string, unknown>): void {
    this.control.onmessage?.({ data: JSON.stringify({ type, payload }) });
  }

  welcome(session: string): void {
    this.remoteDescription = {};
    this.control.readyState = "open";
    this.control.onopen?.();
    this.to("connected");
    this.say("welcome", { session_id: session, participant_id: "p", bot: "Hoovik", resume: `token of ${session}` });
  }

  pong(): void {
    this.say("pong", { client_ms: 0, bot_ms: 0 });
  }

  consents(): unknown[] {
    return this.control.sent.filter(({ type }) => type === "consent").map(({ payload }) => payload);
  }

  close(): void {
    this.to("closed");
  }
}

const ALL = { avatar: true, emotion: true, transcript: false };
const NOTHING = { avatar: false, emotion: false, transcript: false };
let states: StateEvent[] = [];
let client: HoovikClient;
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const last = (): StateEvent => states[states.length - 1] as StateEvent;

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.all = [];
  FakeConnection.all = [];
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("RTCPeerConnection", FakeConnection);
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("unreachable")));
  const network = new EventTarget();
  vi.stubGlobal("addEventListener", network.addEventListener.bind(network));
  vi.stubGlobal("removeEventListener", network.removeEventListener.bind(network));
  vi.stubGlobal("dispatchEvent", network.dispatchEvent.bind(network));
  const stream = { getTracks: () => [] } as unknown as MediaStream;
  client = new HoovikClient({ base: "http://host/", room: "r", name: "n", stream });
  states = [];
  client.events.on("state", (event) => states.push(event));
});

afterEach(() => {
  client.leave();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** In the room, welcomed, agreed. */
async function live(others: string[] = []): Promise<FakeConnection> {
  client.join();
  FakeSocket.last.join("me", others);
  await pass(10);
  FakeConnection.last.welcome("s");
  client.consent(ALL);
  expect(client.state).toBe("live");
  return FakeConnection.last;
}

/** The bot says nothing until that is noticed. */
async function fallSilent(): Promise<void> {
  for (let s = 0; s < 8 && client.state === "live"; s += 1) await pass(1000);
  expect(client.state).toBe("reconnecting");
}

test("a bot that answers pings is alive, however long it says nothing else", async () => {
  const connection = await live();
  for (let s = 0; s < 30; s += 1) {
    await pass(1000);
    connection.pong();
  }
  expect(client.state).toBe("live");
  expect(connection.control.sent.filter(({ type }) => type === "ping").length).toBeGreaterThan(25);
});

test("where only the bot is lost, its connection is made anew in the same room, and consent goes on", async () => {
  const first = await live(["ann"]);
  const socket = FakeSocket.last;
  await fallSilent();
  expect(last()).toMatchObject({ state: "reconnecting", attempt: 1 });
  expect(first.connectionState).toBe("connected"); // kept: it may speak again
  await pass(1000);
  expect(FakeSocket.all).toEqual([socket]);
  const second = FakeConnection.last;
  expect(second).not.toBe(first);
  expect(first.connectionState).toBe("closed");
  second.welcome("s");
  expect(client.state).toBe("live");
  expect(second.consents()).toEqual([ALL]);
  expect(client.decision).toEqual(ALL);
});

test("where the room is dead, too, a new socket joins with the resume token, and our own ghost is nobody", async () => {
  const first = await live();
  const socket = FakeSocket.last;
  socket.echoes = false;
  await fallSilent();
  await pass(1500);
  expect(FakeSocket.all).toHaveLength(2);
  expect(first.connectionState).toBe("connected");
  const peers = vi.fn();
  client.events.on("peers", peers);
  FakeSocket.last.join("me again", ["me", "ann"]);
  expect(FakeSocket.last.sent[0]).toMatchObject({ type: "join", resume: "token of s" });
  expect(socket.readyState).toBe(3);
  expect(peers).toHaveBeenLastCalledWith([{ id: "ann", name: "ann", bot: false }]);
  await pass(10);
  FakeConnection.last.welcome("s");
  expect(client.state).toBe("live");
});

test("an answer of the room that comes late is no error", async () => {
  const first = await live();
  const socket = FakeSocket.last;
  const errors = vi.fn();
  client.events.on("error", errors);
  socket.echoes = false;
  await fallSilent();
  await pass(1500);
  first.pong();
  socket.say({ type: "error", code: "unknown_peer", message: "Nobody." });
  expect(errors).not.toHaveBeenCalled();
  socket.say({ type: "error", code: "unknown_peer", message: "Nobody." });
  expect(errors).toHaveBeenCalledOnce();
});

test("an old connection that speaks before a new one was made is kept", async () => {
  const first = await live();
  FakeSocket.last.echoes = false;
  await fallSilent();
  await pass(1500);
  first.pong();
  expect(client.state).toBe("live");
  await pass(1000);
  first.pong();
  expect(FakeConnection.bots).toEqual([first]);
  expect(FakeSocket.last.readyState).toBe(3); // the attempt was given up
  expect(first.consents()).toEqual([ALL]);
});

test("attempts go on until one works", async () => {
  await live();
  FakeSocket.last.close();
  expect(last()).toMatchObject({ state: "reconnecting", attempt: 1 });
  for (let i = 2; i < 6; i += 1) {
    await pass(2100);
    FakeSocket.last.close(); // refused
    expect(last().attempt).toBe(i);
  }
  await pass(2100);
  FakeSocket.last.join("me again");
  await pass(10);
  FakeConnection.last.welcome("s");
  expect(client.state).toBe("live");
});

test("a socket that does not open is given up for a fresh one", async () => {
  await live();
  FakeSocket.last.close();
  await pass(300);
  const stuck = FakeSocket.last;
  await pass(5000);
  expect(stuck.readyState).toBe(3);
  expect(FakeSocket.last).not.toBe(stuck);
});

test("another session is never agreed to silently", async () => {
  await live();
  FakeSocket.last.close();
  await pass(300);
  FakeSocket.last.join("me again");
  await pass(10);
  FakeConnection.last.welcome("another");
  expect(last()).toMatchObject({ state: "live", code: "new_session" });
  expect(FakeConnection.last.consents()).toEqual([]);
  expect(client.decision).toBeNull();
});

test("a session that is away for longer than it is kept is said to be in doubt", async () => {
  await live();
  FakeSocket.last.close();
  for (let s = 0; s < 62; s += 1) await pass(1000);
  expect(last()).toMatchObject({ state: "reconnecting", code: "session_old" });
});

test("who stops while away has stopped when back", async () => {
  await live();
  FakeSocket.last.close();
  client.stop();
  await pass(300);
  FakeSocket.last.join("me again");
  await pass(10);
  FakeConnection.last.welcome("s");
  expect(FakeConnection.last.consents()).toEqual([NOTHING]);
});

test("disconnected for three seconds is lost; shorter is not", async () => {
  const connection = await live();
  connection.to("disconnected");
  await pass(2900);
  connection.to("connected");
  connection.pong();
  await pass(1000);
  expect(client.state).toBe("live");
  connection.to("disconnected");
  await pass(1500);
  connection.pong(); // of before
  await pass(1600);
  expect(states.some(({ state }) => state === "reconnecting")).toBe(true);
});

test("a network that is back is used at once", async () => {
  await live();
  FakeSocket.last.close();
  for (let i = 0; i < 4; i += 1) {
    await pass(2100);
    FakeSocket.last.close();
  }
  const before = FakeSocket.all.length;
  dispatchEvent(new Event("online"));
  await pass(0);
  expect(FakeSocket.all).toHaveLength(before + 1);
});

test("a change of network shortens the patience with a silent bot", async () => {
  const connection = await live();
  await pass(1000);
  connection.pong();
  dispatchEvent(new Event("offline"));
  await pass(3000);
  expect(client.state).toBe("reconnecting");
});

test("a full bot is asked again after the time that it names", async () => {
  client.join();
  FakeSocket.last.join("me");
  await pass(10);
  FakeSocket.last.say({ type: "error", code: "full", message: "The bot is full. Try again in 20 s.", retry_after_s: 20 });
  expect(last()).toMatchObject({ state: "no-bot", code: "full", why: "The bot is full.", retryInS: 20 });
  await pass(19_900);
  expect(last().retryInS).toBeLessThanOrEqual(2);
  expect(FakeConnection.bots).toHaveLength(1);
  await pass(200);
  FakeConnection.last.welcome("s");
  expect(client.state).toBe("live");
});

test("a full bot is not asked again where that was stopped, until it is wished for", async () => {
  client.join();
  FakeSocket.last.join("me");
  await pass(10);
  FakeSocket.last.say({ type: "error", code: "full", message: "The bot is full." });
  client.stopAsking();
  expect(last().retryInS).toBeUndefined();
  await pass(60_000);
  expect(FakeConnection.bots).toHaveLength(1);
  client.retryNow();
  expect(last().state).toBe("connecting");
  expect(FakeConnection.bots).toHaveLength(2);
});

test("a room that is full is joined later by itself", async () => {
  client.join();
  const socket = FakeSocket.last;
  socket.onopen?.();
  socket.say({ type: "error", code: "full", message: "More than 120 requests to join within a minute from one address.", retry_after_s: 60 });
  socket.close();
  expect(last()).toMatchObject({ state: "joining", code: "full", retryInS: 60 });
  await pass(60_000);
  FakeSocket.last.join("me");
  expect(client.state).toBe("connecting");
});

test("who is not let in for good is told so", async () => {
  await live();
  FakeSocket.last.close();
  await pass(300);
  FakeSocket.last.onopen?.();
  FakeSocket.last.say({ type: "error", code: "unauthorized", message: "No." });
  FakeSocket.last.close();
  expect(last()).toMatchObject({ state: "failed", code: "unauthorized" });
});
