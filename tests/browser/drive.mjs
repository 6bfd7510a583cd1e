// Drives headless Chromium through the page as a person would; prints what it saw as one line of JSON.
// node drive.mjs '{"url", "chromium", "video", "audio", "seconds", "shot"}'
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(fileURLToPath(new URL("../../static/package.json", import.meta.url)));
const { chromium } = require("playwright-core");
const options = JSON.parse(process.argv[2]);

const browser = await chromium.launch({
  executablePath: options.chromium,
  args: [
    "--headless=new",
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    `--use-file-for-fake-video-capture=${options.video}`,
    `--use-file-for-fake-audio-capture=${options.audio}`,
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
  ],
});
const seen = { console: [], states: {} };
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  page.on("console", (message) => message.type() === "error" && seen.console.push(message.text()));
  page.on("pageerror", (error) => seen.console.push(String(error)));
  const shot = (name) => (options.shot ? page.screenshot({ path: `${options.shot}_${name}.png` }) : null);
  const id = (name) => page.getByTestId(name);

  await page.goto(options.url);
  await id("join-name").fill("tester");
  await id("join-room").fill("browser-test");
  await id("join-button").click();
  await id("consent-dialog").waitFor({ state: "visible", timeout: 20_000 });
  await shot("consent");
  seen.states.consentText = await id("consent-dialog").innerText();
  seen.states.signBeforeConsent = await id("analysed-sign").isVisible();
  seen.states.framesBeforeConsent = await page.evaluate(() => window.hoovik.avatarFrames);

  const agreed = Date.now();
  await id("consent-agree").click();
  await id("analysed-sign").waitFor({ state: "visible", timeout: 10_000 });
  await page.waitForFunction(() => window.hoovik.lastAvatar?.payload.measured, null, { timeout: 20_000, polling: 20 });
  seen.firstFrameMs = Date.now() - agreed;

  const peaks = {};
  const lowest = {};
  const emotions = {};
  const end = Date.now() + options.seconds * 1000;
  while (Date.now() < end) {
    const now = await page.evaluate(() => ({
      morphs: window.hoovik.morphs(),
      emotion: window.hoovik.lastEmotion?.payload.emotion,
      modality: window.hoovik.lastEmotion?.payload.modality,
      label: document.querySelector('[data-testid="emotion-label"]')?.textContent,
    }));
    for (const [name, weight] of Object.entries(now.morphs)) {
      peaks[name] = Math.max(peaks[name] ?? 0, weight);
      lowest[name] = Math.min(lowest[name] ?? 1, weight);
    }
    if (now.label) emotions[now.label.trim()] = (emotions[now.label.trim()] ?? 0) + 1;
    if (now.modality) seen.modality = now.modality;
    await page.waitForTimeout(40);
  }
  await shot("live");
  seen.peaks = peaks;
  seen.lowest = lowest;
  seen.emotions = emotions;
  Object.assign(
    seen,
    await page.evaluate(() => ({
      avatarFrames: window.hoovik.avatarFrames,
      emotionUpdates: window.hoovik.emotionUpdates,
      errors: window.hoovik.errors,
      latencyMs: window.hoovik.lastAvatar?.payload.latency_ms,
      cost: document.querySelector('[data-testid="cost-latency"]')?.textContent,
      fps: document.querySelector('[data-testid="cost-fps"]')?.textContent,
    })),
  );

  await id("stop-button").click();
  await id("analysed-sign").waitFor({ state: "hidden", timeout: 5_000 });
  await page.waitForTimeout(1000);
  const after = await page.evaluate(() => window.hoovik.avatarFrames);
  await page.waitForTimeout(700);
  seen.framesAfterStop = (await page.evaluate(() => window.hoovik.avatarFrames)) - after;
  await shot("stopped");
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
