// Drives headless Chromium through the page as a person would; prints what it saw as one line of JSON.
// node drive.mjs '{"url", "chromium", "video", "audio", "seconds", "shot"}'
import { agree, join, launch, open } from "./chromium.mjs";

const options = JSON.parse(process.argv[2]);
const browser = await launch(options);
const seen = { console: [], states: {} };
try {
  const page = await open(browser, seen);
  const shot = (name) => (options.shot ? page.screenshot({ path: `${options.shot}_${name}.png` }) : null);
  const id = (name) => page.getByTestId(name);

  await join(page, options.url);
  await shot("consent");
  seen.states.consentText = await id("consent-dialog").innerText();
  seen.states.signBeforeConsent = await id("analysed-sign").isVisible();
  seen.states.framesBeforeConsent = await page.evaluate(() => window.hoovik.avatarFrames);

  const agreed = Date.now();
  await agree(page);
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
