// What a person sees while not everything is as it should be; prints it as one line of JSON.
// node scenes.mjs '{"scene", "url", "chromium", "video", "audio", "pid", "shot"}'
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { agree, join, launch, open } from "./chromium.mjs";

const options = JSON.parse(process.argv[2]);
const browser = await launch(options);
const seen = { console: [] };
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const shot = (page, name) => (options.shot ? page.screenshot({ path: `${options.shot}_${name}.png` }) : null);
const strip = async (page) => `${await page.getByTestId("status-text").innerText()} | ${await page.getByTestId("status-count").innerText()}`;
const inState = (page, state, timeout) => page.waitForFunction((wanted) => window.hoovik.state === wanted, state, { timeout, polling: 20 });
const session = (page) => page.evaluate(() => window.hoovik.welcome.session_id);
const box = async (page) => JSON.stringify(await page.getByTestId("avatar-canvas").boundingBox());

/** Milliseconds until the next measured frame from now. */
async function untilMeasured(page, timeout) {
  const from = Date.now();
  const before = await page.evaluate(() => window.hoovik.lastAvatar?.sequence ?? 0);
  const measured = (old) => window.hoovik.lastAvatar?.payload.measured && window.hoovik.lastAvatar.sequence !== old;
  await page.waitForFunction(measured, before, { timeout, polling: 20 });
  return Date.now() - from;
}

const scenes = {
  /** How a reading came about: what each model says, and what it was held to. */
  async votes() {
    const page = await open(browser, seen);
    await join(page, options.url);
    await agree(page);
    const view = page.getByTestId("inspect");
    seen.openAtFirst = (await view.getAttribute("open")) !== null;
    await page.getByTestId("inspect-toggle").click();
    const whole = () => Object.keys(window.hoovik.lastEmotion?.payload.votes ?? {}).length === 2;
    await page.waitForFunction(whole, null, { timeout: 60_000, polling: 20 });
    await sleep(2000);
    const look = () =>
      page.evaluate(() => {
        const text = (element) => element.textContent.trim();
        const all = (selector) => [...document.querySelectorAll(selector)];
        const now = () => ({
          payload: window.hoovik.lastEmotion.payload,
          shown: {
            head: all("#inspect-votes thead th").map(text),
            rows: Object.fromEntries(all("#inspect-votes tbody tr").map((row) => [text(row.querySelector("th")), [...row.querySelectorAll("td")].map(text)])),
            facts: Object.fromEntries(all("#inspect-facts div").map((row) => [text(row.querySelector("dt")), text(row.querySelector("dd"))])),
            chips: all("#emotion-chips .chip").map(text),
          },
        });
        return new Promise((done) => {
          // Chips follow with each frame; where the machine is busy, one model may have read alone just now.
          const once = () => (Object.keys(window.hoovik.lastEmotion.payload.votes).length === 2 ? done(now()) : requestAnimationFrame(once));
          requestAnimationFrame(once);
        });
      });
    Object.assign(seen, await look());
    await view.scrollIntoViewIfNeeded();
    await shot(page, "votes");
    // What random models seldom say: unsure and unlike the training data at once; the next real update takes its place.
    seen.injected = await page.evaluate(async () => {
      const last = window.hoovik.lastEmotion;
      const told = { ...last.payload, emotion: "neutral", confidence: 0.31, abstained: true, anomaly: true, anomaly_score: -0.031 };
      let chips = [];
      for (let tries = 0; tries < 50 && !chips.includes("unlike the training data"); tries += 1) {
        window.hoovik.inject({ ...last, payload: told });
        await new Promise(requestAnimationFrame);
        chips = [...document.querySelectorAll("#emotion-chips .chip")].map((chip) => chip.textContent);
      }
      return chips;
    });
    await page.getByTestId("emotion-label").scrollIntoViewIfNeeded();
    await shot(page, "abstained");
  },

  /** The bot asks for less, then for everything again. */
  async pressure() {
    const page = await open(browser, seen);
    await page.addInitScript(() => {
      window.connections = [];
      window.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(...given) {
          super(...given);
          window.connections.push(this);
        }
      };
    });
    const encoding = () =>
      page.evaluate(() => {
        const sender = window.connections[0].getSenders().find(({ track }) => track?.kind === "video");
        const { maxFramerate, scaleResolutionDownBy } = sender.getParameters().encodings[0];
        return { maxFramerate, scaleResolutionDownBy };
      });
    const look = async () => ({ sending: await page.evaluate(() => window.hoovik.cost.sending), encoding: await encoding(), box: await box(page), strip: await strip(page) });
    await join(page, options.url);
    await agree(page);
    await page.waitForFunction(() => window.hoovik.cost.sending.fps > 11, null, { timeout: 30_000 });
    seen.before = await look();
    await shot(page, "normal");
    const say = (payload) => page.evaluate((p) => window.hoovik.inject({ type: "backpressure", payload: p }), payload);
    await say({ queue_depth: 4, suggested_fps: 10, suggested_height: 240, reason: "overloaded" });
    const less = () => window.hoovik.cost.sending.fps <= 11 && window.hoovik.cost.sending.height <= 240;
    await page.waitForFunction(less, null, { timeout: 20_000 });
    await sleep(2000);
    seen.during = await look();
    await shot(page, "busy");
    await say({ queue_depth: 0, suggested_fps: 30, suggested_height: 480, reason: "recovered" });
    // On a busy machine the browser itself may send a little less than it is allowed to.
    const more = () => window.hoovik.cost.sending.fps > 11 && window.hoovik.cost.sending.height > 240;
    await page.waitForFunction(more, null, { timeout: 60_000 });
    seen.after = await look();
    seen.camera = await page.evaluate(() => document.querySelector("#self-video").srcObject.getVideoTracks()[0].getSettings().frameRate);
  },

  /** The service stands still for a while, and goes on. */
  async standstill() {
    const page = await open(browser, seen);
    await join(page, options.url);
    await agree(page);
    seen.session = await session(page);
    process.kill(options.pid, "SIGSTOP");
    try {
      const stopped = Date.now();
      await inState(page, "reconnecting", 15_000);
      seen.noticedMs = Date.now() - stopped;
      await sleep(options.stop_s * 1000 - seen.noticedMs);
      seen.strip = await strip(page);
      seen.sign = await page.getByTestId("analysed-sign").innerText();
      await shot(page, "reconnecting");
    } finally {
      process.kill(options.pid, "SIGCONT");
    }
    seen.backMs = await untilMeasured(page, 20_000);
    await inState(page, "live", 10_000);
    await page.waitForTimeout(500);
    await shot(page, "back");
    seen.sessionAfter = await session(page);
    seen.errors = await page.evaluate(() => window.hoovik.errors);
    seen.asked = await page.getByTestId("consent-dialog").isVisible();
    await sleep(4000); // nothing of it may come after
    seen.state = await page.evaluate(() => window.hoovik.state);
    seen.states = await page.evaluate(() => window.hoovik.states.map(({ state, attempt }) => (attempt ? `${state} ${attempt}` : state)));
    seen.later = await untilMeasured(page, 5000);
  },

  /** Nothing passes between browser and service for a while, neither datagrams nor HTTP. */
  async blackout() {
    const page = await open(browser, seen);
    await join(page, options.url);
    await agree(page);
    seen.session = await session(page);
    await fetch(`${options.url}blackout/on`);
    const dark = Date.now();
    await inState(page, "reconnecting", 15_000);
    seen.noticedMs = Date.now() - dark;
    await sleep(Math.max(0, options.dark_s * 1000 - seen.noticedMs));
    await fetch(`${options.url}blackout/off`);
    seen.backMs = await untilMeasured(page, 20_000);
    await inState(page, "live", 10_000);
    seen.sessionAfter = await session(page);
    seen.asked = await page.getByTestId("consent-dialog").isVisible();
    await sleep(4000);
    seen.state = await page.evaluate(() => window.hoovik.state);
    seen.states = await page.evaluate(() => window.hoovik.states.map(({ state, attempt }) => (attempt ? `${state} ${attempt}` : state)));
    seen.errors = await page.evaluate(() => window.hoovik.errors);
    seen.later = await untilMeasured(page, 10_000);
  },

  /** The service dies, and another one comes at its address: it knows nobody. */
  async restart() {
    const page = await open(browser, seen);
    await join(page, options.url);
    await agree(page);
    seen.session = await session(page);
    process.kill(options.pid, "SIGKILL");
    await inState(page, "reconnecting", 15_000);
    const frames = await page.evaluate(() => window.hoovik.avatarFrames);
    const [program, ...rest] = options.command;
    const service = spawn(program, rest, { stdio: ["ignore", "pipe", "ignore"] });
    try {
      for await (const line of createInterface({ input: service.stdout })) if (line.startsWith("Ready")) break;
      const ready = Date.now();
      await page.getByTestId("consent-dialog").waitFor({ state: "visible", timeout: 30_000 });
      seen.askedMs = Date.now() - ready;
      seen.sessionAfter = await session(page);
      seen.notices = await page.getByTestId("notice").innerText();
      await shot(page, "asked_again");
      await sleep(1500);
      seen.framesUnasked = (await page.evaluate(() => window.hoovik.avatarFrames)) - frames;
      seen.participants = JSON.parse(execFileSync("curl", ["-s", `${options.url}stats/json`]).toString());
      await page.getByTestId("consent-agree").click();
      seen.backMs = await untilMeasured(page, 20_000);
    } finally {
      service.kill("SIGTERM");
      await once(service, "exit");
    }
  },

  /** There is one place, and somebody has it. */
  async full() {
    const first = await open(browser, seen);
    await join(first, options.url, "first");
    const second = await open(browser, seen);
    await second.goto(`${options.url}?room=browser-test&name=second&autojoin=1`);
    const far = () => Number(/in (\d+) s/.exec(document.querySelector("#status-count").textContent)?.[1]) > 6;
    await second.waitForFunction(far, null, { timeout: 20_000 });
    seen.strip = await strip(second);
    await shot(second, "refused");
    const near = () => Number(/in (\d+) s/.exec(document.querySelector("#status-count").textContent)?.[1]) < 6;
    await second.waitForFunction(near, null, { timeout: 20_000 });
    await second.waitForFunction(far, null, { timeout: 30_000 }); // asked by itself, and refused again
    await second.getByTestId("status-stop-asking").click();
    await second.getByText("It is not asked again.").waitFor({ timeout: 10_000 });
    seen.stopped = await strip(second);
    await shot(second, "not_asked");
    await second.getByTestId("status-retry").click();
    await second.waitForFunction(() => /in \d+ s/.test(document.querySelector("#status-count").textContent), null, { timeout: 20_000 });
    await first.getByTestId("consent-decline").click();
    await first.getByTestId("leave-button").click();
    await second.getByTestId("consent-dialog").waitFor({ state: "visible", timeout: 30_000 });
    seen.after = await strip(second);
  },
};

try {
  await scenes[options.scene]();
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
