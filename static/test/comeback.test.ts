import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Backoff } from "../src/sdk/backoff";
import { Comeback } from "../src/sdk/comeback";
import { Pulse } from "../src/sdk/pulse";
import { Waiting } from "../src/sdk/waiting";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp(): { comeback: Comeback; attempts: number[]; answer: { knocks: boolean } } {
  const attempts: number[] = [];
  const answer = { knocks: false };
  const begin = Date.now();
  const actions = { attempt: () => void attempts.push(Date.now() - begin), knock: async () => answer.knocks, nowMs: () => Date.now() };
  return { comeback: new Comeback(actions, new Backoff(() => 0.5)), attempts, answer };
}

test("waiting is short at first, then a second or two, and longer after many attempts", () => {
  const none = new Backoff(() => 0);
  const full = new Backoff(() => 1);
  expect([none.next(), none.next(), none.next(), none.next()]).toEqual([160, 400, 800, 1000]);
  expect([full.next(), full.next(), full.next(), full.next()]).toEqual([240, 600, 1200, 2000]);
  for (let i = 0; i < 12; i += 1) full.next();
  expect(full.next()).toBe(6000);
  full.reset();
  expect(full.next()).toBe(240);
});

test("attempts that fail follow each other, and end when we are back", async () => {
  const { comeback, attempts } = setUp();
  comeback.failed("lost");
  expect(comeback).toMatchObject({ away: true, attempt: 1, how: "lost" });
  await vi.advanceTimersByTimeAsync(200);
  expect(attempts).toEqual([200]);
  expect(comeback.untilMs).toBe(0);
  comeback.failed("no answer");
  expect(comeback).toMatchObject({ attempt: 2, how: "no answer" });
  await vi.advanceTimersByTimeAsync(500);
  expect(attempts).toEqual([200, 700]);
  expect(comeback.awayMs).toBe(700);
  comeback.end();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(attempts).toHaveLength(2);
  expect(comeback).toMatchObject({ away: false, awayMs: 0 });
});

test("a knock that is answered after one that was not brings the next attempt at once", async () => {
  const { comeback, attempts, answer } = setUp();
  comeback.failed("lost");
  await vi.advanceTimersByTimeAsync(1100); // an attempt is stuck, a knock failed
  expect(attempts).toEqual([200]);
  answer.knocks = true;
  await vi.advanceTimersByTimeAsync(1000);
  expect(attempts).toEqual([200, 2000]);
  await vi.advanceTimersByTimeAsync(3000); // answered all the while: no news
  expect(attempts).toHaveLength(2);
});

test("an attempt that makes progress is not interrupted", async () => {
  const { comeback, attempts, answer } = setUp();
  comeback.failed("lost");
  await vi.advanceTimersByTimeAsync(1100);
  comeback.progress();
  answer.knocks = true;
  comeback.hurry();
  await vi.advanceTimersByTimeAsync(3000);
  expect(attempts).toEqual([200]);
});

test("a hurry without a loss does nothing", () => {
  const { comeback, attempts } = setUp();
  comeback.hurry();
  expect(attempts).toEqual([]);
});

test("waits grow over losses that follow each other, and begin anew once a connection has proved itself", () => {
  const { comeback } = setUp();
  const wait = (): number => {
    comeback.failed("lost");
    const ms = comeback.untilMs - Date.now();
    comeback.end();
    return ms;
  };
  expect([wait(), wait()]).toEqual([200, 500]);
  comeback.proven();
  expect(wait()).toBe(200);
});

test("a bot is dead after five seconds without a word", () => {
  const pulse = new Pulse(0);
  for (let at = 1000; at <= 5000; at += 1000) expect(pulse.dead(at)).toBe(false);
  expect(pulse.dead(5001)).toBe(true);
  pulse.heard(5500);
  expect(pulse.dead(6000)).toBe(false);
});

test("doubt shortens the patience until something is heard", () => {
  const pulse = new Pulse(0);
  pulse.doubt(500);
  expect(pulse.dead(1000)).toBe(false);
  expect(pulse.dead(2001)).toBe(true);
  pulse.heard(2100);
  expect(pulse.dead(4000)).toBe(false);
});

test("who slept oneself gives the bot time to answer", () => {
  const pulse = new Pulse(0);
  expect(pulse.dead(3_600_000)).toBe(false);
  expect(pulse.dead(3_601_000)).toBe(false);
  expect(pulse.dead(3_602_500)).toBe(true);
});

test("a refusal counts down, asks again by itself, and leaves out what the server advises", () => {
  const go = vi.fn();
  const waiting = new Waiting(true, { code: "full", message: "The bot is full: it serves 12 people. Try again in 10 s." }, go);
  expect(waiting.text).toBe("The bot is full: it serves 12 people. Trying again in 10 s.");
  vi.advanceTimersByTime(7500);
  expect(waiting.seconds).toBe(3);
  vi.advanceTimersByTime(2500);
  expect(go).toHaveBeenCalledOnce();
});

test("a countdown follows what the server says, and can be stopped", () => {
  const go = vi.fn();
  const refusal = { code: "full", message: "The models are still loading; try again in a second.", retry_after_s: 3 };
  const waiting = new Waiting(true, refusal, go);
  expect(waiting.text).toBe("The models are still loading. Trying again in 3 s.");
  waiting.stop();
  vi.advanceTimersByTime(60_000);
  expect(go).not.toHaveBeenCalled();
  expect(waiting).toMatchObject({ seconds: null, text: "The models are still loading." });
});
