import { Backoff } from "./backoff";
import { BotConnection, mediaState } from "./connection";
import { Emitter } from "./events";
import { Mesh } from "./mesh";
import { NO_CONSENT, SequenceGate, toBotMessage, type BotMessage, type Consent, type ConsentState, type Welcome } from "./messages";
import { Room, roomUrl, type Joined, type Peer, type RoomError } from "./room";
import { CostMeter, countBytes, now } from "./stats";
import type { ClientEvents, ClientOptions, ClientState } from "./types";

const UNAUTHORIZED = "unauthorized";
/** A bot that refused us is asked again. */
const ASK_AGAIN_MS = 10_000;
/** Errors that are not the bot's. */
const NOT_THE_BOTS = ["too_many_messages", "unknown_peer"];

/** One person in one built-in room: signalling, the bot, the other people, and coming back after a loss. */
export class HoovikClient {
  readonly events = new Emitter<ClientEvents>();
  state: ClientState = "idle";
  welcome: Welcome | null = null;
  /** What the bot says is in force. */
  consented: ConsentState = { ...NO_CONSENT };
  selfId = "";

  private room: Room | null = null;
  private bot: (Peer & { connection: BotConnection }) | null = null;
  private mesh: Mesh | null = null;
  private iceServers: RTCIceServer[] = [];
  private peers = new Map<string, Peer>();
  private readonly meter = new CostMeter();
  private readonly gate = new SequenceGate();
  private readonly backoff = new Backoff();
  private retry: ReturnType<typeof setTimeout> | undefined;
  private askAgain: ReturnType<typeof setTimeout> | undefined;
  /** The bot that refused us and is asked again. */
  private refusedBy = "";
  /** How we were lost, and when (ms) we try again. */
  private lost = { how: "", untilMs: 0 };
  private ticker: ReturnType<typeof setInterval> | undefined;
  private everJoined = false;
  /** What was agreed to in this session, so that a reconnect within it need not ask again. */
  private agreed: { session: string; consent: Consent } | null = null;

  constructor(readonly options: ClientOptions) {}

  join(): void {
    this.ticker ??= setInterval(() => void this.tick(), 1000);
    this.open();
  }

  leave(): void {
    this.drop(true);
    clearTimeout(this.retry);
    clearInterval(this.ticker);
    this.to("left", "You left the room.");
  }

  consent(consent: Consent): void {
    if (this.welcome) this.agreed = { session: this.welcome.session_id, consent };
    this.bot?.connection.send({ type: "consent", payload: consent });
  }

  /** End the analysis: of oneself, or (as host) of everybody. */
  stop(scope: "self" | "all" = "self"): void {
    this.agreed = null;
    this.bot?.connection.send({ type: "stop", payload: { scope } });
    this.bot?.connection.send({ type: "consent", payload: { ...NO_CONSENT } });
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

  /** Handle a message as if the bot had sent it (tests do so through `window.hoovik.inject`). */
  receive(value: unknown): void {
    const message = toBotMessage(value);
    if (message) this.take(message);
    else this.meter.unknownMessages += 1;
  }

  private open(): void {
    const room = new Room();
    this.room = room;
    if (!this.everJoined) this.to("joining", "Joining…"); // later it is `lost` until we are back
    room.events.on("joined", (joined) => this.joined(joined));
    room.events.on("peer-joined", (peer) => this.arrive(peer, false));
    room.events.on("peer-left", (id) => this.depart(id));
    room.events.on("error", (error) => this.refuse(error));
    room.events.on("closed", ({ refused }) => this.closed(refused));
    room.events.on("signal", ({ from, signal }) => {
      if (from !== this.bot?.id) return this.mesh?.take(from, signal);
      const { connection } = this.bot;
      connection.take(signal).catch(() => this.lose("The bot's answer could not be used."));
    });
    const resume = this.welcome?.resume;
    const { base, name, token } = this.options;
    room.open(roomUrl(base, this.options.room), { name, ...(token && { token }), ...(resume && { resume }) });
  }

  private joined({ self, peers, ice_servers }: Joined): void {
    this.everJoined = true;
    this.selfId = self.id;
    this.iceServers = ice_servers;
    this.mesh = new Mesh(self.id, ice_servers, this.options.stream, (to, signal) => this.room?.signal(to, signal));
    this.mesh.events.on("stream", (event) => this.events.emit("peer-stream", event));
    this.mesh.events.on("link", (event) => this.events.emit("peer-link", event));
    this.mesh.events.on("media", (event) => this.events.emit("peer-media", event));
    this.peers.clear();
    for (const peer of peers) this.arrive(peer, true);
    this.events.emit("peers", [...this.peers.values()]);
    if (!this.bot) this.to("no-bot", "The bot is not in this room. The call goes on without it.");
  }

  /** Somebody was here before us (`newcomer`: we are), or came after us. */
  private arrive(peer: Peer, newcomer: boolean): void {
    if (peer.id === this.selfId) return;
    if (peer.bot) return this.connect(peer);
    this.peers.set(peer.id, peer);
    this.mesh?.add(peer, newcomer);
    this.events.emit("peers", [...this.peers.values()]);
  }

  private depart(id: string): void {
    if (id === this.bot?.id) {
      const { name } = this.bot;
      this.dropBot();
      return this.to("no-bot", `${name} left the room. The call goes on without it.`);
    }
    if (id === this.refusedBy) clearTimeout(this.askAgain);
    this.peers.delete(id);
    this.mesh?.remove(id);
    this.events.emit("peers", [...this.peers.values()]);
  }

  private connect(peer: Peer, again = false): void {
    const { id, name } = peer;
    if (this.bot) return; // one bot reads us; a second one is somebody in the room who is silent
    const connection = new BotConnection(this.iceServers, this.options.stream, (signal) => this.room?.signal(id, signal));
    this.bot = { ...peer, connection };
    this.gate.reset();
    this.meter.reconnected();
    connection.events.on("message", (message) => this.take(message));
    connection.events.on("unknown", () => (this.meter.unknownMessages += 1));
    connection.events.on("lost", (how) => this.lose(how));
    connection.events.on("open", () => {
      for (const delay of [0, 150, 300]) setTimeout(() => connection.ping(), delay);
      this.tellMedia();
    });
    if (!again) this.to("connecting", `Connecting to ${name}…`); // again: silently, until it lets us in
    connection.offer().catch(() => this.lose("The browser could not make an offer."));
  }

  private take(message: BotMessage): void {
    switch (message.type) {
      case "avatar_frame":
        if (!this.gate.accept(message)) return void (this.meter.lateFrames += 1);
        if (this.isOwn(message)) this.meter.message("avatar", message.timestamp_ms, message.payload.latency_ms, now());
        return this.events.emit("avatar", message);
      case "emotion_update":
        if (this.isOwn(message)) this.meter.message("emotion", message.timestamp_ms, message.payload.latency_ms, now());
        return this.events.emit("emotion", message);
      case "welcome":
        return this.welcomed(message.payload);
      case "consent_state":
        this.consented = message.payload;
        return this.events.emit("consent", message.payload);
      case "backpressure":
        void this.bot?.connection.yieldTo(message.payload).catch(() => {}); // a wish: the sender may be gone
        return this.events.emit("backpressure", message.payload);
      case "pong":
        return this.meter.clock.add(message.payload.client_ms, message.payload.bot_ms, now());
      case "notice":
      case "error":
        return this.events.emit(message.type, message.payload);
    }
  }

  /** Whether a message is about us rather than about somebody else in the room. */
  isOwn({ participant_id }: { participant_id: string }): boolean {
    return !this.welcome || participant_id === this.welcome.participant_id;
  }

  private welcomed(welcome: Welcome): void {
    this.welcome = welcome;
    this.backoff.reset();
    this.to("live", `Connected to ${welcome.bot}.`);
    const resumed = this.agreed?.session === welcome.session_id ? this.agreed : null;
    this.agreed = resumed;
    if (resumed) this.consent(resumed.consent);
    this.events.emit("welcome", welcome);
  }

  /** Whether this session's consent was given before and goes on. */
  get resumed(): boolean {
    return this.agreed !== null && this.agreed.session === this.welcome?.session_id;
  }

  private refuse(error: RoomError): void {
    const { bot } = this;
    if (!bot || bot.connection.answered || NOT_THE_BOTS.includes(error.code)) return this.events.emit("error", error);
    this.dropBot();
    const why = error.code === "full" ? "The bot is full." : error.message;
    this.to("no-bot", `${why} Trying again every ${ASK_AGAIN_MS / 1000} s.`, error.code);
    this.refusedBy = bot.id;
    this.askAgain = setTimeout(() => this.connect(bot, true), ASK_AGAIN_MS);
  }

  private closed(refused: RoomError | null): void {
    const final = refused?.code === UNAUTHORIZED || !this.everJoined;
    if (!final) return this.lose("The connection to the server was lost.");
    this.drop();
    clearInterval(this.ticker);
    const detail = refused?.message ?? "The server cannot be reached. Check the address and that it is running.";
    this.to("failed", detail, refused?.code ?? "unreachable");
  }

  /** Tear down and come back with the resume token. */
  private lose(how: string): void {
    this.drop();
    const delay = this.backoff.next();
    this.lost = { how, untilMs: now() + delay };
    this.countDown();
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.open(), delay);
  }

  /** Say how long it takes until the next attempt. */
  private countDown(): void {
    const seconds = Math.ceil((this.lost.untilMs - now()) / 1000);
    this.to("lost", `${this.lost.how} ${seconds > 0 ? `Trying again in ${seconds} s.` : "Trying again now…"}`);
  }

  private drop(forGood = false): void {
    this.dropBot();
    this.mesh?.close();
    this.mesh = null;
    this.peers.clear();
    this.events.emit("peers", []);
    this.room?.close(forGood);
    this.room = null;
  }

  private dropBot(): void {
    clearTimeout(this.askAgain);
    this.bot?.connection.close();
    this.bot = null;
    this.meter.disconnected();
    if (this.consented.avatar || this.consented.emotion) {
      this.consented = { ...NO_CONSENT }; // nothing is being analysed while nobody receives us
      this.events.emit("consent", this.consented);
    }
  }

  private tellMedia(): void {
    this.bot?.connection.send({ type: "media_state", payload: mediaState(this.options.stream) });
  }

  private async tick(): Promise<void> {
    const connection = this.bot?.connection;
    if (connection) {
      connection.ping();
      const { sent, received } = await countBytes(connection.pc);
      this.meter.bytes(sent, received, now());
    }
    if (this.state === "lost") this.countDown();
    this.events.emit("cost", this.meter.read(now()));
  }

  private to(state: ClientState, detail: string, code?: string): void {
    this.state = state;
    this.events.emit("state", { state, detail, ...(code && { code }) });
  }
}
