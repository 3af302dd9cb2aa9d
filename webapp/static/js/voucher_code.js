// One voucher's page while it is shown at a till: fetches a code, changes it before it dies, and asks the
// server whether it has been used, so that the result takes the code's place by itself.
//
// Everything the citizen sees is a fragment from the server; this module only decides when to fetch it.

import { locate } from "./geofence.js";

const ASK_EVERY_MS = 1500;
const DIM_SCREEN_HINT_MS = 8000;

const region = document.querySelector("[data-voucher-now]");
const offline = document.querySelector("[data-offline]");
let diesAt = 0;
let livesMs = 0;
let fetching = false;
let wakeLock = null;

const part = (selector) => region.querySelector(selector);
const state = () => part("[data-state]")?.dataset.state;

async function send(url, options) {
  const headers = { "X-Requested-With": "fetch", "X-CSRF-Token": region.dataset.csrf };
  try {
    const answer = await fetch(url, { ...options, headers, cache: "no-store", signal: AbortSignal.timeout(8000) });
    offline.hidden = true;
    return answer;
  } catch {
    offline.hidden = false;
    return null;
  }
}

function show(html) {
  const enlarged = part("[data-bigdigits]")?.open;
  region.innerHTML = html;
  begin();
  if (enlarged) part("[data-bigdigits]")?.showModal();
}

async function take(answer) {
  if (answer === null || answer.status === 204) return;
  // The sign-in has ended, or the server is in trouble: the whole page knows how to say so.
  if (answer.status === 401 || answer.redirected) location.reload();
  else if (answer.ok) show(await answer.text());
}

async function fetchCode(openHere) {
  if (fetching) return;
  fetching = true;
  const where = region.dataset.geofence ? await locate() : null;
  const body = new URLSearchParams({ ...(openHere ? { open: "1" } : {}), ...where });
  await take(await send(region.dataset.codeUrl, { method: "POST", body }));
  fetching = false;
}

async function ask() {
  const asking = state();
  if (document.hidden || fetching || !["code", "elsewhere", "scan"].includes(asking)) return;
  const given = part("[data-given]")?.dataset.given ?? "0";
  const answer = await send(`${region.dataset.nowUrl}?seen=${asking}&given=${given}`, {});
  // A code that was fetched meanwhile is newer than this answer.
  if (state() === asking && !fetching) await take(answer);
}

function begin() {
  const now = state();
  if (now === "code") {
    const card = part("[data-state]");
    livesMs = Number(card.dataset.livesMs);
    diesAt = performance.now() + Number(card.dataset.leftMs);
    keepAwake();
    tick();
  } else if (now === "used") {
    // A page that was never touched may not vibrate, and complains when it tries.
    if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(120);
    wakeLock?.release();
  } else if (now === "ask") {
    fetchCode(true);
  }
}

function tick() {
  if (state() !== "code") return;
  const left = diesAt - performance.now();
  part("[data-ring]").style.setProperty("--left", Math.max(0, left / livesMs).toFixed(3));
  part("[data-seconds]").textContent = String(Math.max(0, Math.ceil(left / 1000)));
  if (livesMs - left > DIM_SCREEN_HINT_MS) part("[data-hint]").hidden = false;
  if (left <= 0 && !document.hidden) fetchCode(false);
}

async function keepAwake() {
  if (wakeLock && !wakeLock.released) return;
  try {
    wakeLock = await navigator.wakeLock.request("screen");
  } catch {
    wakeLock = null; // Old browsers and saving batteries refuse; the citizen touches the screen instead.
  }
}

region.addEventListener("click", (event) => {
  if (event.target.closest("[data-enlarge]")) part("[data-bigdigits]").showModal();
  if (event.target.closest("[data-close]")) part("[data-bigdigits]").close();
});
region.addEventListener("submit", (event) => {
  event.preventDefault();
  fetchCode(true);
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  if (state() === "code") keepAwake();
  tick();
  ask();
});
window.addEventListener("offline", () => { offline.hidden = false; });
window.addEventListener("online", ask);

setInterval(tick, 250);
setInterval(ask, ASK_EVERY_MS);
begin();
