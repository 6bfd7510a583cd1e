// Renews <main> every two seconds from a fresh copy of this page; can be paused, and says when nothing answers.
const EVERY_MS = 2000;
const said = document.getElementById("renewed");
const button = document.getElementById("pause");
let paused = false;
let renewed = Date.now();

function say(text, stale) {
  if (said.textContent !== text) said.textContent = text;
  said.className = stale ? "stale" : "";
}

async function renew() {
  const response = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(5 * EVERY_MS) });
  if (!response.ok) throw new Error(String(response.status));
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("main");
  const old = document.querySelector("main");
  for (const open of old.querySelectorAll("details[open]")) fresh.querySelector(`#${open.id}`)?.setAttribute("open", "");
  const scrolled = [...old.querySelectorAll(".scroll")].map((one) => one.scrollLeft);
  const focused = [...old.querySelectorAll("summary, [tabindex]")].indexOf(document.activeElement);
  old.replaceWith(document.adoptNode(fresh));
  fresh.querySelectorAll(".scroll").forEach((one, index) => (one.scrollLeft = scrolled[index] ?? 0));
  if (focused >= 0) fresh.querySelectorAll("summary, [tabindex]")[focused]?.focus({ preventScroll: true });
}

async function turn() {
  if (!paused && !document.hidden) {
    try {
      await renew();
      renewed = Date.now();
      say("Renewed every 2 s", false);
    } catch {
      say(`No answer for ${Math.round((Date.now() - renewed) / 1000)} s`, true);
    }
  }
  setTimeout(turn, EVERY_MS);
}

button.hidden = false;
button.addEventListener("click", () => {
  paused = !paused;
  button.setAttribute("aria-pressed", String(paused));
  if (paused) say(`Paused at ${new Date().toLocaleTimeString()}`, false);
});
setTimeout(turn, EVERY_MS);
