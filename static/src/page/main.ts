import { HoovikClient, NO_CONSENT, type AvatarFrame, type EmotionUpdate, type StateEvent } from "../sdk";
import type { AvatarView } from "./avatar";
import { CallScreen } from "./call";
import { ConsentDialog } from "./consent";
import { CostPanel } from "./cost";
import { installDebugHandle, noteError, noteState } from "./debug";
import { byId } from "./dom";
import { EMOTION_COLOUR, EmotionPanel } from "./emotion";
import { InspectPanel } from "./inspect";
import { JoinScreen, type JoinRequest } from "./join";
import { Notices, type Weight } from "./notices";
import { People } from "./people";
import { PresenceWatch, ownDoing } from "./presence";
import { StatusStrip, StatusWatch } from "./status";

/** Empty where the asset was not there at build time; the page works without it and says so. */
const headUrl = Object.values(
  import.meta.glob<string>("../../assets/head.glb", { query: "?url", import: "default", eager: true }),
)[0];
const parameters = new URLSearchParams(location.search);
const notices = new Notices(byId("notices", HTMLElement));
const emotion = new EmotionPanel();
const inspect = new InspectPanel(parameters.get("debug") === "1");
const cost = new CostPanel();
const people = new People();
const presence = new PresenceWatch();
const status = new StatusWatch();
const strip = new StatusStrip((action) => {
  if (action === "retry") client?.retryNow();
  else if (action === "stop-asking") client?.stopAsking();
  else client?.leave();
});
let client: HoovikClient | null = null;
let emotionOn = false;
let endSource = (): void => {};
let avatar: AvatarView | null = null;
let avatarAsked = false;
let tokenGiven = false;
let lost = false;
/** From a loss until the bot says what is in force again. */
let resuming = false;

const handle = installDebugHandle(() => client, () => avatar?.influences() ?? {});
const join = new JoinScreen(parameters, (request) => start(request));
const consent = new ConsentDialog((decision) => {
  client?.consent(decision);
  if (decision.avatar || decision.emotion) notices.hide("declined");
  else notices.show("declined", "Nothing is analysed. You can change your mind at any time.");
});
const call = new CallScreen({
  stop: () => {
    client?.stop();
    showConsent();
  },
  agreeAgain: () => client?.welcome && consent.ask(client.welcome),
  leave: () => client?.leave(),
  calibrate: () => {
    if (client?.calibrate()) notices.show("calibrated", "Your face as it was just now counts as neutral.");
  },
  media: (media) => {
    client?.setMedia(media);
    presence.cameraOn(call.cameraOn);
  },
});

function start({ name, room, token, source }: JoinRequest): void {
  endSource = source.stop;
  tokenGiven = token !== "";
  source.onbroken = (why) => problem("file", why);
  if (source.remark) notices.show("source", source.remark, "warning");
  client = new HoovikClient({ base: document.baseURI, room, name, stream: source.stream, ...(token && { token }) });
  listen(client);
  call.open(name, room, source);
  call.consent(NO_CONSENT, false);
  presence.cameraOn(call.cameraOn);
  people.show([]);
  void loadAvatar();
  client.join();
}

function listen(to: HoovikClient): void {
  const { events } = to;
  events.on("state", (event) => onState(to, event));
  events.on("welcome", (welcome) => {
    handle.welcome = welcome;
    emotion.voiceEngine = welcome.voice_engine ?? "light";
    showConsent();
    if (to.decision) return;
    emotionOn = false;
    clearEmotion("No reading yet.");
    consent.ask(welcome);
  });
  events.on("consent", (state) => {
    handle.consent = state;
    if (to.state === "live") resuming = false;
    showConsent();
    presence.analysed(state.avatar, Date.now());
    if (!state.avatar) restAvatar();
    if (isPaused(to)) return; // what was read stands, dimmed, until it goes on
    if (state.emotion && !emotionOn) clearEmotion("Waiting for the first reading…");
    emotionOn = state.emotion;
    if (!state.emotion) clearEmotion("Emotion is not being read.");
    if (state.reason) notices.show("consent", state.reason, "warning");
  });
  events.on("avatar", (frame) => onAvatar(to, frame));
  events.on("emotion", (update) => onEmotion(to, update));
  events.on("peers", (peers) => people.show(peers));
  events.on("peer-stream", ({ id, stream }) => people.stream(id, stream));
  events.on("peer-link", ({ id, connected }) => people.link(id, connected));
  events.on("peer-media", ({ id, media }) => people.media(id, media));
  events.on("cost", (reading) => {
    cost.show(reading);
    status.lost(reading.sending.lossShare, Date.now());
  });
  events.on("backpressure", (wish) => {
    status.pressure(wish);
    for (const { part, why } of wish.refused) noteError(handle, `backpressure_${part}`, why);
  });
  events.on("notice", ({ code, message }) => {
    if (code === "no_face") presence.faceGone();
    if (!ownDoing(code, { mic: call.micOn, camera: call.cameraOn })) notices.show(code, message);
  });
  events.on("error", ({ code, message }) => problem(code, message));
}

function onState(to: HoovikClient, event: StateEvent): void {
  const { state, detail, code = "" } = event;
  const changed = state !== handle.state || code !== (handle.states.at(-1)?.code ?? "");
  noteState(handle, event);
  status.to(event);
  strip.show(status.at(Date.now())); // at once: in a tab in the background there is no tick
  call.state(state, to.welcome?.bot ?? "", code);
  if (state === "reconnecting") {
    lost = true;
    resuming = true;
    restAvatar();
  }
  if (state === "live" && lost) {
    lost = false;
    if (to.consented.avatar || to.consented.emotion) resuming = false; // the old connection spoke again
    const ended = code === "new_session";
    notices.show("back", ended ? detail : "The connection is back. The same session goes on.", ended ? "warning" : "info");
  }
  if (state !== "live" && state !== "reconnecting") resuming = false;
  if (state === "no-bot" && changed) {
    if (code) noteError(handle, code, detail);
    else notices.show("no-bot", detail, "warning");
    emotionOn = false;
    clearEmotion("Emotion is not being read.");
  }
  if (state !== "no-bot" || code) notices.hide("no-bot");
  if (state !== "live") consent.dismiss();
  showConsent();
  if (state === "failed" || state === "left") end(state === "failed" ? detail : "", code);
}

/** Agreed to in this session, and not in force because the connection is (or was just) lost. */
function isPaused({ decision }: HoovikClient): boolean {
  return resuming && Boolean(decision?.avatar || decision?.emotion);
}

function showConsent(): void {
  if (!client) return;
  const paused = isPaused(client);
  call.consent(paused && client.decision ? client.decision : client.consented, client.state === "live", paused);
}

function onAvatar(from: HoovikClient, frame: AvatarFrame): void {
  if (!from.isOwn(frame)) return people.avatar(frame, Date.now());
  if (!from.consented.avatar) return; // was on its way when the consent ended
  handle.lastAvatar = frame;
  handle.avatarFrames += 1;
  presence.frame(frame.payload.face_confidence, frame.payload.mouth_source, Date.now());
  avatar?.show(frame.payload);
  call.mouth(frame.payload.mouth_source);
  const mood = from.consented.emotion ? handle.lastEmotion?.payload.emotion : undefined;
  call.glow(frame.payload.particles?.glow_intensity ?? 0, EMOTION_COLOUR[mood ?? "neutral"] ?? EMOTION_COLOUR.neutral);
}

function onEmotion(from: HoovikClient, update: EmotionUpdate): void {
  if (!from.isOwn(update)) return people.emotion(update, Date.now());
  if (!from.consented.emotion) return;
  handle.lastEmotion = update;
  handle.emotionUpdates += 1;
  emotion.show(update.payload, Date.now());
  inspect.show(update.payload);
}

function clearEmotion(text: string): void {
  emotion.clear(text);
  inspect.clear();
}

function problem(code: string, message: string, weight: Weight = "error"): void {
  noteError(handle, code, message);
  notices.show(code, message, weight);
}

/** Back to the first screen; `why` is empty after leaving on purpose. */
function end(why: string, code = ""): void {
  client?.events.clear();
  client = null;
  endSource();
  consent.dismiss();
  call.close();
  clearEmotion("No reading yet.");
  presence.analysed(false, Date.now());
  restAvatar();
  if (why) noteError(handle, code, why);
  notices.clear(); // what matters stands on the first screen now
  emotionOn = resuming = lost = false;
  status.to({ state: "idle", detail: "" });
  strip.show(null);
  const token = tokenGiven ? "That token is not right." : "This service needs an access token. Enter it above.";
  join.open(code === "unauthorized" ? token : why, code === "unauthorized");
}

function restAvatar(): void {
  avatar?.rest();
  call.mouth("");
  call.glow(0, EMOTION_COLOUR.neutral);
}

async function loadAvatar(): Promise<void> {
  if (avatarAsked) return;
  avatarAsked = true;
  try {
    const { AvatarView } = await import("./avatar");
    const view = new AvatarView(byId("avatar-canvas", HTMLCanvasElement));
    if (!headUrl) throw new Error("the page was built without assets/head.glb.");
    await view.load(headUrl);
    avatar = view;
    handle.avatarReady = true;
  } catch (error) {
    const why = `The 3D avatar cannot be shown: ${error instanceof Error ? error.message : String(error)}`;
    call.withoutAvatar(why);
    noteError(handle, "avatar", why);
  }
}

function tick(): void {
  const nowMs = Date.now();
  if (client) {
    const seen = presence.at(nowMs);
    handle.presence = seen;
    call.presence(seen);
    strip.show(status.at(nowMs));
    if (seen === "silent") restAvatar();
    call.speaking(emotion.tick(nowMs, call.micOn));
    people.tick(nowMs);
  }
  requestAnimationFrame(tick);
}

requestAnimationFrame(tick);
window.addEventListener("pagehide", () => client?.leave());
if (parameters.get("autojoin") === "1") void join.join();
