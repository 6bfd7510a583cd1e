// A browser as a participant: a camera whose pictures carry the time, a microphone, WHIP; runs until stdin ends, then
// prints what its peer connection says of itself.
// node chromium.mjs '{"url", "chromium", "video", "audio"}'
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
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    `--use-file-for-fake-video-capture=${options.video}`,
    `--use-file-for-fake-audio-capture=${options.audio}`,
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-timer-throttling",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
  ],
});
try {
  const page = await browser.newPage();
  page.on("console", (message) => console.error(message.text()));
  page.on("pageerror", (error) => console.error(String(error)));
  await page.goto(options.url);
  await page.waitForFunction(() => window.agreed, null, { timeout: 30_000 });
  console.log(JSON.stringify({ ready: true }));
  await new Promise((resolve) => process.stdin.resume().on("end", resolve));
  console.log(JSON.stringify(await page.evaluate(() => window.report())));
} finally {
  await browser.close();
}
