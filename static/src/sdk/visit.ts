import { Asking } from "./asking";
import { Bot } from "./bot";
import { Comeback, knock, whileAway } from "./comeback";
import type { BotMessage } from "./messages";
import { People } from "./people";
import { roomUrl, type Joined, type Peer, type Room, type RoomError } from "./room";
import { Seat } from "./seat";
import { Session } from "./session";
import { now } from "./stats";
import type { Face, Say } from "./types";

/** Errors that are not the bot's. */
const NOT_THE_BOTS = ["too_many_messages", "unknown_peer"];
/** A room that is alive answers within that. */
const ALIVE_MS = 800;
/** While coming back: the room must let us in by then, or another socket is tried. */
const ENTER_MS = 4000;
/** A connection that stood this long has proved itself. */
const PROVEN_MS = 5000;

/** How a client gets into its room and to the bot, what it does when either says no, and how it comes back. */
export class Visit {
  readonly session: Session;
  readonly bot: Bot;
  readonly people: People;
  readonly asking: Asking;
  private readonly seat: Seat;
  private readonly comeback: Comeback;
  private iceServers: RTCIceServer[] = [];
  private ticker: ReturnType<typeof setInterval> | undefined;
  private everJoined = false;
  /** Whether the room was asked for a sign of life since we were lost. */
  private roomAsked = false;
  /** Attempts to come back, so that an older one that still waits gives way. */
  private tries = 0;

  constructor(private readonly face: Face) {
    const { events, options } = face;
    this.session = new Session(events, {
      send: (message) => void this.bot.send(message),
      welcomed: (another) => this.welcomed(another),
      yieldTo: (wish) => void this.bot.yieldTo(wish)?.then((adapted) => events.emit("backpressure", { ...wish, ...adapted })),
    });
    this.bot = new Bot(options, {
      heard: (message) => this.heard(message),
      unknown: () => (this.session.meter.unknownMessages += 1),
      lost: (how) => this.botLost(how),
      doubtful: (how) => !this.comeback.away && this.lose(how),
      revived: () => this.comeback.hurry(),
    });
    this.seat = new Seat({
      joined: (room, joined) => this.joined(room, joined),
      arrived: (peer) => this.arrive(peer, false),
      left: (id) => this.depart(id),
      signal: (from, signal) => this.bot.take(from, signal) || this.people.take(from, signal),
      refused: (error) => this.refused(error),
      lost: (how) => this.lose(how),
      turnedAway: (refused) => this.turnedAway(refused),
    });
    this.people = new People(events, options);
    this.asking = new Asking(this.say);
    this.comeback = new Comeback({ attempt: () => void this.attempt(), knock: () => knock(options.base), nowMs: now });
  }

  /** Go to the room. */
  begin(): void {
    this.ticker ??= setInterval(() => void this.tick(), 1000);
    globalThis.addEventListener?.("online", this.onNetwork);
    globalThis.addEventListener?.("offline", this.onNetwork);
    this.say("joining", "Joining…");
    this.enter();
  }

  /** Leave the room, or what of it there is; nothing is tried again. `forGood` gives the seat back at once. */
  end(forGood = false): void {
    globalThis.removeEventListener?.("online", this.onNetwork);
    globalThis.removeEventListener?.("offline", this.onNetwork);
    clearInterval(this.ticker);
    this.ticker = undefined;
    this.asking.end();
    this.comeback.end();
    this.dropBot();
    this.bot.peer = null;
    this.people.close();
    this.seat.leave(forGood);
  }

  /** Ask or try again now, whichever is waited for. */
  hurry(): void {
    if (!this.asking.hurry()) this.comeback.hurry();
  }

  /** A change of state, for everybody to know. */
  readonly say: Say = (state, detail, more = {}): void => {
    this.face.state = state;
    this.face.events.emit("state", { state, detail, ...more });
  };

  // The room.

  private enter(): void {
    const { base, name, token } = this.face.options;
    const resume = this.session.welcome?.resume;
    const join = { name, ...(token && { token }), ...(resume && { resume }) };
    this.seat.enter(roomUrl(base, this.face.options.room), join, this.comeback.away ? ENTER_MS : null);
  }

  /** We are in: the old socket and the bot's connection stayed until now. */
  private joined(room: Room, joined: Joined): void {
    const before = this.face.selfId;
    this.bot.peer = null;
    this.dropBot();
    this.seat.keep(room);
    this.everJoined = true;
    this.comeback.progress();
    this.face.selfId = joined.self.id;
    this.iceServers = joined.ice_servers;
    this.people.enter(before, joined, (to, signal) => room.signal(to, signal));
    for (const peer of joined.peers) this.arrive(peer, true);
    this.people.tell();
    if (!this.bot.linked) this.withoutBot("The bot is not in this room. The call goes on without it.");
  }

  /** Somebody was here before us (`newcomer`: we are), or came after us. */
  private arrive(peer: Peer, newcomer: boolean): void {
    if (peer.id === this.face.selfId || this.people.isGhost(peer.id)) return;
    if (peer.bot) this.connect(peer);
    else this.people.add(peer, newcomer);
  }

  private depart(id: string): void {
    if (this.people.ghostLeft(id)) return;
    const { peer } = this.bot;
    if (id !== peer?.id) return this.people.remove(id);
    this.bot.peer = null;
    this.asking.end();
    this.dropBot();
    this.withoutBot(`${peer.name} left the room. The call goes on without it.`);
  }

  private turnedAway(refused: RoomError | null): void {
    if (refused?.code === "full") {
      this.dropBot();
      return this.wait(false, refused, () => this.enter());
    }
    if (this.everJoined && refused?.code !== "unauthorized") return this.lose(refused?.message ?? "The server cannot be reached.");
    this.end();
    const detail = refused?.message ?? "The server cannot be reached. Check the address and that it is running.";
    this.say("failed", detail, { code: refused?.code ?? "unreachable" });
  }

  private withoutBot(detail: string): void {
    this.comeback.end();
    this.say("no-bot", detail);
  }

  // The bot.

  private connect(peer: Peer, quietly = false): void {
    if (this.bot.linked) return; // one bot reads us; a second one is somebody in the room who is silent
    const { away, attempt } = this.comeback;
    this.bot.open(peer, this.iceServers, attempt, (signal) => this.seat.signal(peer.id, signal));
    this.session.connecting();
    if (!away && !quietly) this.say("connecting", `Connecting to ${peer.name}…`); // otherwise silently, until it lets us in
    this.bot.offer();
  }

  private heard(message: BotMessage): void {
    // The connection that we thought dead speaks before another one was made.
    if (this.comeback.away && this.seat.taken && this.bot.hasWelcomed) this.back();
    this.session.take(message);
  }

  private welcomed(another: boolean): void {
    this.bot.welcomed();
    this.back(another);
  }

  private back(another = false): void {
    this.comeback.end();
    this.seat.giveUp();
    const bot = this.session.welcome?.bot ?? "the bot";
    if (another) this.say("live", `Connected to ${bot}. The earlier session has ended: it asks again.`, { code: "new_session" });
    else this.say("live", `Connected to ${bot}.`);
  }

  /** The room says no to something; before the bot answered, it is the bot's no. */
  private refused(error: RoomError): void {
    const { peer, asked } = this.bot;
    if (!peer || !asked || NOT_THE_BOTS.includes(error.code)) return this.face.events.emit("error", error);
    this.dropBot();
    this.wait(true, error, (quietly) => this.connect(peer, quietly));
  }

  private botLost(how: string): void {
    const old = this.comeback.away && this.bot.hasWelcomed; // we are coming back already, without it
    if (!old) this.lose(how);
    this.dropBot();
  }

  private dropBot(): void {
    this.bot.drop();
    this.session.disconnected();
  }

  // Refused for now, or lost.

  private wait(forBot: boolean, error: RoomError, again: (quietly: boolean) => void): void {
    this.comeback.end();
    this.asking.wait(forBot, error, again);
  }

  /** Lost, or an attempt to come back failed: try again, with the resume token. */
  private lose(how: string): void {
    this.asking.end();
    this.seat.giveUp();
    if (!this.comeback.away) this.roomAsked = false;
    this.comeback.failed(how);
    this.sayAway();
  }

  private async attempt(): Promise<void> {
    this.sayAway();
    const { peer } = this.bot;
    const { roomAsked } = this;
    const attempt = (this.tries += 1);
    this.roomAsked = true;
    // Where only the way to the bot was lost, the room and the other people's pictures stay.
    const alive = this.seat.taken && peer && !roomAsked && (await this.seat.alive(ALIVE_MS));
    if (!this.comeback.away || this.tries !== attempt) return; // came back, or was lost again, meanwhile
    if (!alive) return this.enter();
    this.comeback.progress();
    this.dropBot();
    this.connect(peer);
  }

  private sayAway(): void {
    const { detail, ...more } = whileAway(this.comeback, now());
    this.say("reconnecting", detail, more);
  }

  /** What the browser says about the network is a reason to look, and no proof. */
  private readonly onNetwork = (event: Event): void => {
    if (this.comeback.away && event.type === "online") this.comeback.hurry();
    else this.bot.suspect();
  };

  private async tick(): Promise<void> {
    if (this.bot.linked) {
      this.bot.check();
      if (this.face.state === "live" && this.bot.standsMs > PROVEN_MS) this.comeback.proven();
      await this.bot.measure(this.session.meter);
    }
    this.asking.tick();
    if (this.comeback.away) this.sayAway();
    if (this.ticker) this.face.events.emit("cost", this.session.meter.read(now()));
  }
}
