import { expect, test } from "vitest";
import { Bitrate, ClockOffset, CostMeter, Median, NOT_SENDING, RateMeter, readStats } from "../src/sdk/stats";

test("the clock offset comes from the exchange with the shortest round trip", () => {
  const clock = new ClockOffset();
  expect(clock.offsetMs).toBeNull();
  clock.add(1000, 6100, 1200); // 200 ms, lopsided
  clock.add(2000, 7005, 2010); // 10 ms
  expect(clock.offsetMs).toBe(5000);
  expect(clock.roundTripMs).toBe(10);
});

test("an answer from before its question is no sample", () => {
  const clock = new ClockOffset();
  clock.add(1000, 1000, 999);
  expect(clock.offsetMs).toBeNull();
});

test("old samples leave the clock offset, so that it follows a drifting clock", () => {
  const clock = new ClockOffset(2);
  clock.add(0, 101, 2);
  clock.add(1000, 1200, 1010);
  clock.add(2000, 2210, 2010);
  expect(clock.offsetMs).toBe(205);
});

test("a rate is of the newest two seconds and falls to zero", () => {
  const rate = new RateMeter(2000);
  for (let at = 0; at < 5000; at += 100) rate.mark(at);
  expect(rate.perSecond(4900)).toBeCloseTo(10, 0);
  expect(rate.perSecond(9000)).toBe(0);
});

test("after a pause a rate counts the whole window", () => {
  const rate = new RateMeter(2000);
  for (let at = 0; at < 3000; at += 100) rate.mark(at);
  for (let burst = 0; burst < 60; burst += 1) rate.mark(9000);
  expect(rate.perSecond(9001)).toBe(30);
});

test("a median ignores what is not a number", () => {
  const median = new Median(3);
  for (const value of [1, Number.NaN, 50, 2]) median.add(value);
  expect(median.value).toBe(2);
});

test("a bitrate needs two readings and survives a counter that starts again", () => {
  const bitrate = new Bitrate();
  expect(bitrate.next(1000, 0)).toBeNull();
  expect(bitrate.next(2000, 1000)).toBe(8000);
  expect(bitrate.next(10, 2000)).toBeNull();
});

test("end to end is counted on the bot's clock, and only once that is known", () => {
  const meter = new CostMeter();
  meter.message("avatar", 5000, 20, 60);
  expect(meter.read(60).avatarEndToEndMs).toBeNull();
  meter.clock.add(100, 5105, 110);
  meter.message("avatar", 5150, 20, 190);
  expect(meter.read(190)).toMatchObject({ avatarEndToEndMs: 40, avatarLatencyMs: 20, clockOffsetMs: 5000 });
});

test("loss and round trip of what we send come from the bot's reports, the worse of picture and sound", async () => {
  const reports = [
    { type: "outbound-rtp", kind: "video", bytesSent: 1000, headerBytesSent: 100, framesPerSecond: 15, frameHeight: 240 },
    { type: "outbound-rtp", kind: "audio", bytesSent: 50, headerBytesSent: 10 },
    { type: "remote-inbound-rtp", kind: "video", packetsLost: 30, fractionLost: 0.1, roundTripTime: 0.05 },
    { type: "remote-inbound-rtp", kind: "audio", packetsLost: -2, fractionLost: 0.02, roundTripTime: 0.04 },
    { type: "data-channel", bytesReceived: 7 },
    { type: "data-channel", bytesReceived: 8 },
  ];
  const pc = { getStats: async () => new Map(reports.map((report, index) => [String(index), report])) as unknown as RTCStatsReport };
  const { sent, received, sending } = await readStats(pc);
  expect([sent, received]).toEqual([1160, 15]);
  expect(sending).toEqual({ fps: 15, height: 240, packetsLost: 30, lossShare: 0.1, roundTripMs: 50 });
  const nobody = { getStats: async () => new Map() as unknown as RTCStatsReport };
  expect((await readStats(nobody)).sending).toEqual(NOT_SENDING);
});
