// Headless Chromium with a file as its camera and microphone, and the first steps of everybody on the page.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(fileURLToPath(new URL("../../static/package.json", import.meta.url)));
const { chromium } = require("playwright-core");

export const launch = (options) =>
  chromium.launch({
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

/** A page whose errors go into `seen.console`. */
export async function open(browser, seen) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  page.on("console", (message) => message.type() === "error" && seen.console.push(message.text()));
  page.on("pageerror", (error) => seen.console.push(String(error)));
  return page;
}

/** Join, up to the question of the bot. */
export async function join(page, url, name = "tester") {
  await page.goto(url);
  await page.getByTestId("join-name").fill(name);
  await page.getByTestId("join-room").fill("browser-test");
  await page.getByTestId("join-button").click();
  await page.getByTestId("consent-dialog").waitFor({ state: "visible", timeout: 20_000 });
}

/** Agree, and wait for the first measured frame. */
export async function agree(page) {
  await page.getByTestId("consent-agree").click();
  await page.getByTestId("analysed-sign").waitFor({ state: "visible", timeout: 10_000 });
  await page.waitForFunction(() => window.hoovik.lastAvatar?.payload.measured, null, { timeout: 20_000, polling: 20 });
}
