import { expect, test } from "vitest";
import { Pose } from "../src/page/pose";
import { PresenceWatch, overlayText, ownDoing } from "../src/page/presence";
import { StatusWatch } from "../src/page/status";

test("a pose glides to its target and rests again", () => {
  const pose = new Pose(25, 45);
  pose.aim({ blendshapes: { jawOpen: 0.8 }, bone_transforms: { head_yaw: 20 } });
  pose.step(25);
  expect(pose.weights.jawOpen).toBeCloseTo(0.8 * (1 - Math.exp(-1)));
  for (let i = 0; i < 60; i += 1) pose.step(16);
  expect(pose.weights.jawOpen).toBeCloseTo(0.8);
  expect(pose.bones.head_yaw).toBeCloseTo(20);
  pose.relax();
  for (let i = 0; i < 60; i += 1) pose.step(16);
  expect(pose.weights.jawOpen).toBeCloseTo(0);
});

test("weights are clamped and nonsense is ignored", () => {
  const pose = new Pose();
  pose.aim({ blendshapes: { jawOpen: 7, tongueOut: Number.NaN }, bone_transforms: {} });
  pose.step(10_000);
  expect(pose.weights).toEqual({ jawOpen: 1 });
});

test("presence tells a lost face from a lost connection", () => {
  const watch = new PresenceWatch();
  expect(watch.at(0)).toBe("off");
  watch.analysed(true, 0);
  expect(watch.at(100)).toBe("waiting");
  watch.frame(0.9, "video", 200);
  expect(watch.at(900)).toBe("face");
  expect(watch.at(1300)).toBe("silent");
  watch.frame(0.9, "video", 2000);
  watch.frame(0, "video", 2100);
  expect(watch.at(2100)).toBe("face"); // a brief miss
  watch.frame(0, "video", 2400);
  expect(watch.at(2400)).toBe("no_face");
  watch.frame(0, "audio", 2430);
  expect(watch.at(2430)).toBe("voice_only");
  watch.analysed(false, 3000);
  expect(watch.at(3000)).toBe("off");
});

test("a notice that there is no face counts at once", () => {
  const watch = new PresenceWatch();
  watch.analysed(true, 0);
  watch.frame(0.9, "video", 10);
  watch.faceGone();
  expect(watch.at(20)).toBe("no_face");
});

test("the text over the avatar knows what was switched off here", () => {
  const on = { mic: true, camera: true, hasVideo: true, noBot: "" };
  expect(overlayText("face", on)).toBe("");
  expect(overlayText("off", { ...on, noBot: "There is no bot in this room." })).toBe("There is no bot in this room.");
  expect(overlayText("voice_only", { ...on, camera: false })).toContain("Your camera is off.");
  expect(overlayText("silent", { ...on, camera: false, mic: false })).toBe("Camera and microphone are off.");
});

test("notices about what was switched off here are left out", () => {
  const [both, muted, dark, off] = [[true, true], [false, true], [true, false], [false, false]].map(([mic, camera]) => ({ mic: !!mic, camera: !!camera }));
  expect(ownDoing("no_face", both!)).toBe(false);
  expect(ownDoing("no_face", dark!)).toBe(true);
  expect(ownDoing("modality_audio_only", dark!)).toBe(true);
  expect(ownDoing("modality_video_only", muted!)).toBe(true);
  expect(ownDoing("modality_none", dark!)).toBe(false);
  expect(ownDoing("modality_none", off!)).toBe(true);
});

const BUSY = { queue_depth: 4, suggested_fps: 10, suggested_height: 240, reason: "overloaded", limited: true, applied: ["encoder" as const], refused: [] };

test("a busy bot is shown until it has recovered", () => {
  const watch = new StatusWatch();
  watch.to({ state: "live", detail: "" });
  expect(watch.at(0)).toBeNull();
  watch.pressure(BUSY);
  expect(watch.at(0)).toMatchObject({
    kind: "busy",
    text: "The bot is busy: measuring 10 times a second; the avatar goes on at 30.",
    count: "Your picture goes to it at 240 lines, 10 a second.",
  });
  watch.pressure({ ...BUSY, suggested_fps: 7.5, applied: [], refused: [{ part: "encoder", why: "no" }] });
  expect(watch.at(0)).toMatchObject({ text: expect.stringContaining("7.5 times"), count: "This browser cannot send it less." });
  watch.pressure({ ...BUSY, limited: false, reason: "recovered" });
  expect(watch.at(0)).toBeNull();
});

test("a new connection knows nothing of how busy the bot was before", () => {
  const watch = new StatusWatch();
  watch.to({ state: "live", detail: "" });
  watch.pressure(BUSY);
  watch.to({ state: "reconnecting", detail: "", attempt: 2, why: "The bot has gone silent.", retryInS: 2 });
  expect(watch.at(0)).toMatchObject({ kind: "reconnecting", count: "The bot has gone silent. Attempt 2 in 2 s", actions: { retry: "Try now" } });
  watch.to({ state: "live", detail: "" });
  expect(watch.at(0)).toBeNull();
});

test("a refusal counts down, and can be cut short or stopped", () => {
  const watch = new StatusWatch();
  watch.to({ state: "no-bot", detail: "", code: "full", why: "The bot is full.", retryInS: 8 });
  expect(watch.at(0)).toMatchObject({ kind: "refused", count: "Asking again in 8 s", actions: { retry: "Ask now", "stop-asking": "Stop asking" } });
  watch.to({ state: "no-bot", detail: "", code: "full", why: "The bot is full." });
  expect(watch.at(0)?.actions).toEqual({ retry: "Ask again" });
  watch.to({ state: "joining", detail: "", code: "full", why: "Full.", retryInS: 8 });
  expect(watch.at(0)?.actions).toEqual({ retry: "Try now", leave: "Cancel" });
  watch.to({ state: "no-bot", detail: "" });
  expect(watch.at(0)).toBeNull();
});

test("loss is told once it has lasted", () => {
  const watch = new StatusWatch();
  watch.to({ state: "live", detail: "" });
  watch.lost(0.12, 0);
  expect(watch.at(2000)).toBeNull();
  watch.lost(0.12, 3000);
  expect(watch.at(3100)).toMatchObject({ kind: "lossy", count: "12 % is lost" });
  watch.lost(0.01, 4000);
  expect(watch.at(4000)).toBeNull();
});
