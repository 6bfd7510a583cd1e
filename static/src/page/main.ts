import { HoovikClient, NO_CONSENT, type AvatarFrame, type EmotionUpdate } from "../sdk";
import type { AvatarView } from "./avatar";
import { CallScreen } from "./call";
import { ConsentDialog } from "./consent";
import { CostPanel } from "./cost";
import { installDebugHandle, noteError } from "./debug";
import { byId } from "./dom";
import { EMOTION_COLOUR, EmotionPanel } from "./emotion";
import { JoinScreen, type JoinRequest } from "./join";
import { Notices, type Weight } from "./notices";
import { People } from "./people";
import { PresenceWatch, ownDoing } from "./presence";

/** Empty where the asset was not there at build time; the page works without it and says so. */
const headUrl = Object.values(
  import.meta.glob<string>("../../assets/head.glb", { query: "?url", import: "default", eager: true }),
)[0];
const parameters = new URLSearchParams(location.search);
const notices = new Notices(byId("notices", HTMLElement));
const emotion = new EmotionPanel();
const cost = new CostPanel();
const people = new People();
const presence = new PresenceWatch();
let client: HoovikClient | null = null;
let emotionOn = false;
let endSource = (): void => {};
let avatar: AvatarView | null = null;
let avatarAsked = false;
let tokenGiven = false;

const handle = installDebugHandle(() => client, () => avatar?.influences() ?? {});
const join = new JoinScreen(parameters, (request) => start(request));
const consent = new ConsentDialog((decision) => {
  client?.consent(decision);
  if (decision.avatar || decision.emotion) notices.hide("declined");
  else notices.show("declined", "Nothing is analysed. You can change your mind at any time.");
});
const call = new CallScreen({
  stop: () => client?.stop(),
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
  events.on("state", ({ state, detail, code }) => {
    handle.state = state;
    call.state(state, to.welcome?.bot ?? "", code);
    if (code && state === "no-bot") noteError(handle, code, detail);
    if (state === "lost" || state === "no-bot") notices.show(state, detail, "warning", state === "lost" || code !== undefined);
    for (const past of ["lost", "no-bot"]) if (past !== state) notices.hide(past);
    if (state !== "live") consent.dismiss();
    if (state === "failed" || state === "left") end(state === "failed" ? detail : "", code);
  });
  events.on("welcome", (welcome) => {
    handle.welcome = welcome;
    call.consent(to.consented, true);
    if (!to.resumed) consent.ask(welcome);
  });
  events.on("consent", (state) => {
    handle.consent = state;
    call.consent(state, to.state === "live");
    if (state.emotion && !emotionOn) emotion.clear("Waiting for the first reading…");
    emotionOn = state.emotion;
    presence.analysed(state.avatar, Date.now());
    if (!state.avatar) restAvatar();
    if (!state.emotion) emotion.clear("Emotion is not being read.");
    if (state.reason) notices.show("consent", state.reason, "warning");
  });
  events.on("avatar", (frame) => onAvatar(to, frame));
  events.on("emotion", (update) => onEmotion(to, update));
  events.on("peers", (peers) => people.show(peers));
  events.on("peer-stream", ({ id, stream }) => people.stream(id, stream));
  events.on("peer-link", ({ id, connected }) => people.link(id, connected));
  events.on("peer-media", ({ id, media }) => people.media(id, media));
  events.on("cost", (reading) => cost.show(reading));
  events.on("backpressure", ({ suggested_fps, suggested_height }) =>
    notices.show("backpressure", `The bot is busy: your picture goes to it at ${suggested_height} lines, ${suggested_fps} frames a second.`));
  events.on("notice", ({ code, message }) => {
    if (code === "no_face") presence.faceGone();
    if (!ownDoing(code, { mic: call.micOn, camera: call.cameraOn })) notices.show(code, message);
  });
  events.on("error", ({ code, message }) => problem(code, message));
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
  emotion.clear("No reading yet.");
  presence.analysed(false, Date.now());
  restAvatar();
  if (why) noteError(handle, code, why);
  notices.clear(); // what matters stands on the first screen now
  emotionOn = false;
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
    if (seen === "silent") restAvatar();
    call.speaking(emotion.tick(nowMs, call.micOn));
    people.tick(nowMs);
  }
  requestAnimationFrame(tick);
}

requestAnimationFrame(tick);
window.addEventListener("pagehide", () => client?.leave());
if (parameters.get("autojoin") === "1") void join.join();
