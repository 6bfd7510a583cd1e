import { expect, test } from "vitest";
import { Adaptation, isLimit, type Adapt } from "../src/sdk/adapt";

const BUSY = { suggested_fps: 10, suggested_height: 240, reason: "overloaded" };
const RECOVERED = { suggested_fps: 30, suggested_height: 480, reason: "recovered" };

/** A sender with a 720-line camera, as browsers show it: parameters are copies, constraints are replaced as a whole. */
class FakeSender {
  encodings: RTCRtpEncodingParameters[] = [{ maxBitrate: 1_500_000, maxFramerate: 30, scaleResolutionDownBy: 1.5 }];
  constraints: MediaTrackConstraints = { width: { ideal: 1280 }, frameRate: { ideal: 30, max: 30 } };
  readonly calls: string[] = [];
  encoderRefuses = false;
  cameraRefuses = false;
  readonly track = {
    getSettings: () => ({ height: 720 }),
    getConstraints: () => structuredClone(this.constraints),
    applyConstraints: async (wanted: MediaTrackConstraints) => {
      this.calls.push("camera");
      if (this.cameraRefuses) throw new Error("The camera cannot.");
      this.constraints = wanted;
    },
  } as unknown as MediaStreamTrack;

  getParameters = (): RTCRtpSendParameters => structuredClone({ encodings: this.encodings }) as RTCRtpSendParameters;

  setParameters = async ({ encodings }: RTCRtpSendParameters): Promise<void> => {
    this.calls.push(`begin ${encodings[0]?.maxFramerate}`);
    await Promise.resolve();
    if (this.encoderRefuses) throw new DOMException("Not while it rains.", "InvalidModificationError");
    this.encodings = encodings;
    this.calls.push(`end ${encodings[0]?.maxFramerate}`);
  };
}

function setUp(mode: Adapt): { sender: FakeSender; adaptation: Adaptation } {
  const sender = new FakeSender();
  return { sender, adaptation: new Adaptation(sender, mode) };
}

test("the encoder sends less and everything again, and the camera stays as it was", async () => {
  const { sender, adaptation } = setUp("encoder");
  const before = structuredClone(sender.constraints);
  expect(await adaptation.apply(BUSY)).toEqual({ limited: true, applied: ["encoder"], refused: [] });
  expect(sender.encodings).toEqual([{ maxBitrate: 1_500_000, maxFramerate: 10, scaleResolutionDownBy: 3 }]);
  expect(await adaptation.apply(RECOVERED)).toEqual({ limited: false, applied: ["encoder"], refused: [] });
  expect(sender.encodings).toEqual([{ maxBitrate: 1_500_000, maxFramerate: 30, scaleResolutionDownBy: 1.5 }]);
  expect(sender.constraints).toEqual(before);
  expect(sender.calls).not.toContain("camera");
});

test("a camera of one's own is slowed as well, and gets its own constraints back", async () => {
  const { sender, adaptation } = setUp("camera");
  const before = structuredClone(sender.constraints);
  expect((await adaptation.apply(BUSY)).applied).toEqual(["encoder", "camera"]);
  await adaptation.apply({ ...BUSY, suggested_fps: 7.5 });
  expect(sender.constraints).toEqual({ width: { ideal: 1280 }, frameRate: { max: 7.5 } });
  await adaptation.apply(RECOVERED);
  expect(sender.constraints).toEqual(before);
});

test("a camera that was slowed is given back when the connection ends", async () => {
  const { sender, adaptation } = setUp("camera");
  const before = structuredClone(sender.constraints);
  await adaptation.apply(BUSY);
  sender.encoderRefuses = true; // closed
  adaptation.release();
  await adaptation.apply(RECOVERED); // waits for the one before
  expect(sender.constraints).toEqual(before);
});

test("what the browser refuses is reported, the rest is done", async () => {
  const { sender, adaptation } = setUp("camera");
  sender.encoderRefuses = true;
  expect(await adaptation.apply(BUSY)).toEqual({
    limited: true,
    applied: ["camera"],
    refused: [{ part: "encoder", why: "Not while it rains." }],
  });
  sender.cameraRefuses = true;
  expect((await adaptation.apply(BUSY)).refused.map(({ part }) => part)).toEqual(["encoder", "camera"]);
});

test("a browser that lists no encodings is reported", async () => {
  const { sender, adaptation } = setUp("encoder");
  sender.encodings = [];
  expect((await adaptation.apply(BUSY)).refused).toEqual([{ part: "encoder", why: "This browser lists no encodings." }]);
});

test("switched off, or without a picture, nothing is touched", async () => {
  const { sender, adaptation } = setUp("off");
  expect(await adaptation.apply(BUSY)).toEqual({ limited: true, applied: [], refused: [] });
  expect(sender.calls).toEqual([]);
  expect(await new Adaptation(undefined, "camera").apply(BUSY)).toEqual({ limited: true, applied: [], refused: [] });
});

test("wishes that come at once are done one after the other", async () => {
  const { sender, adaptation } = setUp("encoder");
  await Promise.all([15, 10, 7.5].map((suggested_fps) => adaptation.apply({ ...BUSY, suggested_fps })));
  expect(sender.calls).toEqual(["begin 15", "end 15", "begin 10", "end 10", "begin 7.5", "end 7.5"]);
});

test("a picture is never made larger than it is", async () => {
  const { sender, adaptation } = setUp("encoder");
  await adaptation.apply({ ...BUSY, suggested_height: 2000 });
  expect(sender.encodings[0]?.scaleResolutionDownBy).toBe(1.5);
});

test.each([
  [{ suggested_fps: 15, suggested_height: 480, reason: "overloaded" }, true],
  [{ suggested_fps: 30, suggested_height: 360, reason: "overloaded" }, true],
  [{ suggested_fps: 30, suggested_height: 480, reason: "overloaded" }, false],
  [{ suggested_fps: 15, suggested_height: 360, reason: "recovered" }, false],
  [{ suggested_fps: 0, suggested_height: 0, reason: "" }, false],
])("%o asks for less: %s", (wish, expected) => {
  expect(isLimit(wish)).toBe(expected);
});
