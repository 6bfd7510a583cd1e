import type { Adapt } from "./adapt";
import { Comeback, SESSION_KEPT_MS, knock } from "./comeback";
import { BotConnection, CONNECT_MS, mediaState } from "./connection";
import { Emitter } from "./events";
import { Mesh } from "./mesh";
import { NO_CONSENT, toBotMessage, type BotMessage, type Consent, type ConsentState, type Welcome } from "./messages";
import { Room, roomUrl, type Joined, type Peer, type RoomError } from "./room";
import { Session } from "./session";
import { now, readStats, type Cost } from "./stats";
import type { ClientEvents, ClientOptions, ClientState, StateEvent } from "./types";
import { Waiting } from "./waiting";

/** Errors that are not the bot's. */
const NOT_THE_BOTS = ["too_many_messages", "unknown_peer"];
/** A room that is alive answers within that. */
const ALIVE_MS = 800;
/** While coming back: the room must let us in by then, or another socket is tried. */
const ENTER_MS = 4000;
/** While coming back: the bot must speak by then; more at each further attempt. */
const RECONNECT_MS = 4000;
const RECONNECT_MORE_MS = 2000;
/** A connection that stood this long has proved itself. */
const PROVEN_MS = 5000;

/** The bot in our room and our connection to it. */
interface BotLink extends Peer {
  connection: BotConnection;
  /** When it welcomed us on this connection (ms); null before. */
  welcomedMs: number | null;
}

/** One person in one built-in room: signalling, the bot, the other people, and coming back after a loss. */
export class HoovikClient {
  readonly events = new Emitter<ClientEvents>();
  state: ClientState = "idle";
  selfId = "";

  private readonly session: Session;
  private readonly comeback: Comeback;
  private room: Room | null = null;
  /** A room that has not let us in yet; while coming back the old one is kept beside it. */
  private entering: Room | null = null;
  private bot: BotLink | null = null;
  /** The bot as a peer: kept while its connection is made anew. */
  private botPeer: Peer | null = null;
  private mesh: Mesh | null = null;
  private iceServers: RTCIceServer[] = [];
  private peers = new Map<string, Peer>();
  /** Ourselves as the room knew us before: it may take a while until it notices that we went. */
  private readonly ghosts = new Set<string>();
  private waiting: { how: Waiting; go: (quietly: boolean) => void } | null = null;
  private ticker: ReturnType<typeof setInterval> | undefined;
  private everJoined = false;
  /** Whether the room was asked for a sign of life since we were lost. */
  private roomAsked = false;
  /** Attempts to come back, so that an older one that still waits gives way. */
  private tries = 0;

  constructor(readonly options: ClientOptions) {
    this.session = new Session(this.events, {
      send: (message) => void this.bot?.connection.send(message),
      welcomed: (another) => this.welcomed(another),
      yieldTo: (wish) =>
        void this.bot?.connection.yieldTo(wish).then((adapted) => this.events.emit("backpressure", { ...wish, ...adapted })),
    });
    this.comeback = new Comeback({ attempt: () => void this.attempt(), knock: () => knock(options.base), nowMs: now });
  }

  get welcome(): Welcome | null {
    return this.session.welcome;
  }

  /** What the bot says is in force. */
  get consented(): ConsentState {
    return this.session.consented;
  }

  /** What was decided in this session; it goes on with that after a loss. Null where nothing was decided yet. */
  get decision(): Consent | null {
    return this.session.decision;
  }

  /** The newest reading of what the session costs. */
  get stats(): Cost {
    return this.session.meter.read(now());
  }

  join(): void {
    this.ticker ??= setInterval(() => void this.tick(), 1000);
    globalThis.addEventListener?.("online", this.onNetwork);
    globalThis.addEventListener?.("offline", this.onNetwork);
    this.to("joining", "Joining…");
    this.enter();
  }

  leave(): void {
    this.close(true);
    this.to("left", "You left the room.");
  }

  /** Allow or withdraw. While coming back it is kept, and said as soon as the same session goes on. */
  consent(consent: Consent): void {
    this.session.decide(consent);
  }

  /** End the analysis: of oneself, or (as host) of everybody. */
  stop(scope: "self" | "all" = "self"): void {
    this.bot?.connection.send({ type: "stop", payload: { scope } });
    this.consent({ ...NO_CONSENT });
  }

  /** Ask again now instead of waiting: for a place, or for the connection. */
  retryNow(): void {
    const { waiting } = this;
    this.stopWaiting();
    if (waiting) waiting.go(false);
    else this.comeback.hurry();
  }

  /** Do not ask a bot that refused us again; the call goes on without it. `retryNow` takes it back. */
  stopAsking(): void {
    if (!this.waiting?.how.forBot) return;
    this.waiting.how.stop();
    this.sayWaiting();
  }

  /** Switch microphone or camera; the bot is told, so that silence is not mistaken for a fault. */
  setMedia(media: { mic?: boolean; camera?: boolean }): void {
    for (const track of this.options.stream.getTracks()) {
      const on = track.kind === "audio" ? media.mic : media.camera;
      if (on !== undefined) track.enabled = on;
    }
    this.tellMedia();
    this.mesh?.tellMedia();
  }

  /** Tell the bot that the face is neutral now. */
  calibrate(): boolean {
    return this.bot?.connection.send({ type: "calibrate", payload: {} }) ?? false;
  }

  /** Whether a message is about us rather than about somebody else in the room. */
  isOwn(message: { participant_id: string }): boolean {
    return this.session.isOwn(message);
  }

  /** Handle a message as if the bot had sent it (tests do so through `window.hoovik.inject`). */
  receive(value: unknown): void {
    const message = toBotMessage(value);
    if (message) this.session.take(message);
    else this.session.meter.unknownMessages += 1;
  }

  // The room.

  /** Open a socket to the room; the old one and the bot's connection stay until the room let us in. */
  private enter(): void {
    this.entering?.close();
    const room = new Room();
    this.entering = room;
    room.events.on("joined", (joined) => this.joined(room, joined));
    room.events.on("peer-joined", (peer) => this.arrive(peer, false));
    room.events.on("peer-left", (id) => this.depart(id));
    room.events.on("error", (error) => this.room === room && this.refused(error));
    room.events.on("closed", ({ refused }) => this.closed(room, refused));
    room.events.on("signal", ({ from, signal }) => {
      if (from !== this.bot?.id) return this.mesh?.take(from, signal);
      const { connection } = this.bot;
      connection.take(signal).catch(() => this.botLost(connection, "The bot's answer could not be used."));
    });
    const { base, name, token } = this.options;
    const resume = this.welcome?.resume;
    room.open(roomUrl(base, this.options.room), { name, ...(token && { token }), ...(resume && { resume }) });
    if (this.comeback.away) setTimeout(() => this.entering === room && this.lose("The server does not answer."), ENTER_MS);
  }

  private joined(room: Room, { self, peers, ice_servers }: Joined): void {
    if (this.selfId) this.ghosts.add(this.selfId);
    this.dropBot();
    this.mesh?.close();
    this.room?.close();
    this.room = room;
    this.entering = this.botPeer = null;
    this.everJoined = true;
    this.comeback.progress();
    this.selfId = self.id;
    this.iceServers = ice_servers;
    this.mesh = new Mesh(self.id, ice_servers, this.options.stream, (to, signal) => room.signal(to, signal));
    this.mesh.events.on("stream", (event) => this.events.emit("peer-stream", event));
    this.mesh.events.on("link", (event) => this.events.emit("peer-link", event));
    this.mesh.events.on("media", (event) => this.events.emit("peer-media", event));
    this.peers.clear();
    for (const peer of peers) this.arrive(peer, true);
    this.tellPeers();
    if (!this.bot) this.withoutBot("The bot is not in this room. The call goes on without it.");
  }

  /** Somebody was here before us (`newcomer`: we are), or came after us. */
  private arrive(peer: Peer, newcomer: boolean): void {
    if (peer.id === this.selfId || this.ghosts.has(peer.id)) return;
    if (peer.bot) return this.connect(peer);
    this.peers.set(peer.id, peer);
    this.mesh?.add(peer, newcomer);
    if (!newcomer) this.tellPeers();
  }

  private depart(id: string): void {
    if (this.ghosts.delete(id)) return;
    if (id === this.botPeer?.id) {
      const { name } = this.botPeer;
      this.botPeer = null;
      this.stopWaiting();
      this.dropBot();
      return this.withoutBot(`${name} left the room. The call goes on without it.`);
    }
    this.peers.delete(id);
    this.mesh?.remove(id);
    this.tellPeers();
  }

  private closed(room: Room, refused: RoomError | null): void {
    if (room === this.room) {
      this.room = null;
      if (!this.entering) this.lose("The connection to the server was lost.");
      return;
    }
    if (room !== this.entering) return;
    this.entering = null;
    if (refused?.code === "full") {
      this.dropBot();
      return this.wait(false, refused, () => this.enter());
    }
    if (this.everJoined && refused?.code !== "unauthorized") return this.lose(refused?.message ?? "The server cannot be reached.");
    this.close();
    const detail = refused?.message ?? "The server cannot be reached. Check the address and that it is running.";
    this.to("failed", detail, { code: refused?.code ?? "unreachable" });
  }

  private withoutBot(detail: string): void {
    this.comeback.end();
    this.to("no-bot", detail);
  }

  private tellPeers(): void {
    this.events.emit("peers", [...this.peers.values()]);
  }

  // The bot.

  private connect(peer: Peer, quietly = false): void {
    if (this.bot) return; // one bot reads us; a second one is somebody in the room who is silent
    const { id, name } = peer;
    const { away, attempt } = this.comeback;
    const adapt: Adapt = this.options.adapt ?? "encoder";
    const connectMs = away ? Math.min(CONNECT_MS, RECONNECT_MS + RECONNECT_MORE_MS * (attempt - 1)) : CONNECT_MS;
    const connection = new BotConnection(this.iceServers, this.options.stream, (signal) => this.room?.signal(id, signal), { adapt, connectMs });
    this.botPeer = peer;
    this.bot = { ...peer, connection, welcomedMs: null };
    this.session.connecting();
    connection.events.on("message", (message) => this.heard(message));
    connection.events.on("unknown", () => (this.session.meter.unknownMessages += 1));
    connection.events.on("lost", (how) => this.botLost(connection, how));
    connection.events.on("doubtful", (how) => !this.comeback.away && this.lose(how));
    connection.events.on("revived", () => this.comeback.hurry());
    connection.events.on("open", () => {
      for (const delay of [0, 150, 300]) setTimeout(() => connection.ping(), delay);
      this.tellMedia();
    });
    if (!away && !quietly) this.to("connecting", `Connecting to ${name}…`); // otherwise silently, until it lets us in
    connection.offer().catch(() => this.botLost(connection, "The browser could not make an offer."));
  }

  private heard(message: BotMessage): void {
    // The connection that we thought dead speaks before another one was made.
    if (this.comeback.away && this.room && this.bot?.welcomedMs) this.back();
    this.session.take(message);
  }

  private welcomed(another: boolean): void {
    if (this.bot) this.bot.welcomedMs = now();
    this.back(another);
  }

  private back(another = false): void {
    this.comeback.end();
    this.entering?.close();
    this.entering = null;
    const bot = this.welcome?.bot ?? "the bot";
    if (another) this.to("live", `Connected to ${bot}. The earlier session has ended: it asks again.`, { code: "new_session" });
    else this.to("live", `Connected to ${bot}.`);
  }

  /** The room says no to something; before the bot answered, it is the bot's no. */
  private refused(error: RoomError): void {
    const { bot } = this;
    if (!bot || bot.connection.answered || NOT_THE_BOTS.includes(error.code)) return this.events.emit("error", error);
    this.dropBot();
    this.wait(true, error, (quietly) => this.connect(bot, quietly));
  }

  private botLost(connection: BotConnection, how: string): void {
    const { bot, comeback } = this;
    if (bot?.connection !== connection) return;
    const old = comeback.away && bot.welcomedMs !== null; // we are coming back already, without it
    if (!old) this.lose(how);
    this.dropBot();
  }

  private dropBot(): void {
    this.bot?.connection.close();
    this.bot = null;
    this.session.disconnected();
  }

  private tellMedia(): void {
    this.bot?.connection.send({ type: "media_state", payload: mediaState(this.options.stream) });
  }

  // Waiting for a place.

  private wait(forBot: boolean, error: RoomError, again: (quietly: boolean) => void): void {
    this.stopWaiting();
    this.comeback.end();
    const go = (): void => {
      this.sayWaiting();
      this.waiting = null;
      again(true);
    };
    this.waiting = { how: new Waiting(forBot, error, go), go: again };
    this.sayWaiting();
  }

  private sayWaiting(): void {
    if (!this.waiting) return;
    const { forBot, text, why, code, seconds } = this.waiting.how;
    this.to(forBot ? "no-bot" : "joining", text, { code, why, ...(seconds !== null && { retryInS: seconds }) });
  }

  private stopWaiting(): void {
    this.waiting?.how.stop();
    this.waiting = null;
  }

  // Coming back.

  /** Lost, or an attempt to come back failed: try again, with the resume token. */
  private lose(how: string): void {
    this.stopWaiting();
    this.entering?.close();
    this.entering = null;
    if (!this.comeback.away) this.roomAsked = false;
    this.comeback.failed(how);
    this.sayAway();
  }

  private async attempt(): Promise<void> {
    this.sayAway();
    const { room, botPeer, roomAsked } = this;
    const attempt = (this.tries += 1);
    this.roomAsked = true;
    // Where only the way to the bot was lost, the room and the other people's pictures stay.
    const alive = room && botPeer && !roomAsked && (await room.alive(ALIVE_MS));
    if (!this.comeback.away || this.tries !== attempt) return; // came back, or was lost again, meanwhile
    if (!alive) return this.enter();
    this.comeback.progress();
    this.dropBot();
    this.connect(botPeer);
  }

  private sayAway(): void {
    const { how, attempt, untilMs, awayMs } = this.comeback;
    const seconds = Math.max(0, Math.ceil((untilMs - now()) / 1000));
    const why = globalThis.navigator?.onLine === false ? "This device is offline." : how;
    const when = seconds > 1 ? `Trying again in ${seconds} s.` : "Trying again now…";
    const late = awayMs > SESSION_KEPT_MS ? " The session may have ended meanwhile; then the bot asks again." : "";
    this.to("reconnecting", `${why} ${when}${late}`, { attempt, retryInS: seconds, why, ...(late && { code: "session_old" }) });
  }

  /** What the browser says about the network is a reason to look, and no proof. */
  private readonly onNetwork = (event: Event): void => {
    if (this.comeback.away && event.type === "online") this.comeback.hurry();
    else this.bot?.connection.suspect(now());
  };

  private async tick(): Promise<void> {
    if (this.bot) {
      const { connection, welcomedMs } = this.bot;
      connection.check(now());
      if (this.state === "live" && welcomedMs && now() - welcomedMs > PROVEN_MS) this.comeback.proven();
      this.session.meter.stats(await readStats(connection.pc), now());
    }
    if (this.waiting && this.waiting.how.seconds !== null) this.sayWaiting();
    if (this.comeback.away) this.sayAway();
    if (this.ticker) this.events.emit("cost", this.stats);
  }

  private close(forGood = false): void {
    globalThis.removeEventListener?.("online", this.onNetwork);
    globalThis.removeEventListener?.("offline", this.onNetwork);
    clearInterval(this.ticker);
    this.ticker = undefined;
    this.stopWaiting();
    this.comeback.end();
    this.dropBot();
    this.mesh?.close();
    this.mesh = null;
    this.peers.clear();
    this.tellPeers();
    this.entering?.close();
    this.room?.close(forGood);
    this.entering = this.room = this.botPeer = null;
  }

  private to(state: ClientState, detail: string, more: Omit<StateEvent, "state" | "detail"> = {}): void {
    this.state = state;
    this.events.emit("state", { state, detail, ...more });
  }
}
