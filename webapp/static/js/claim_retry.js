// When too many press at once the server says "not now", and nothing has happened. The page then tries again by
// itself, each at a moment of its own, so that a crowd that was turned away does not come back as a crowd.
//
// The words stand in data- attributes of #claim-waiting. Only 503 and 429 are tried again: they promise that nothing
// was done. Where no answer came at all nobody knows, and the page says so instead of pressing a second time.

const form = document.getElementById("claim");
const answer = document.getElementById("claim-answer");
const waiting = document.getElementById("claim-waiting");
const button = document.getElementById("claim-button");

const MOST_TRIES = 12;
const LONGEST_WAIT_MS = 20000;
// Longer than this nobody watches a page: a limit on tries that says "in an hour" is only told.
const LONGEST_ASKED_SECONDS = 90;

let tries = 0;
let timer = null;

function waitMs(seconds) {
  // Between one and two times what the server asked for, growing with each try that failed.
  const base = Math.max(1, seconds) * 1000;
  return Math.max(base, Math.min(LONGEST_WAIT_MS, base * 1.4 ** (tries - 1))) * (1 + Math.random());
}

function say(text) {
  waiting.hidden = !text;
  waiting.querySelector("[data-text]").textContent = text;
}

function stop(text = "") {
  clearInterval(timer);
  timer = null;
  say(text);
  button.disabled = false;
}

function tryAgainIn(milliseconds) {
  const at = Date.now() + milliseconds;
  const tell = () => {
    const left = Math.ceil((at - Date.now()) / 1000);
    if (left > 0) {
      say(waiting.dataset.again.replace("{seconds}", left).replace("{tries}", tries));
      return;
    }
    clearInterval(timer);
    timer = null;
    say(waiting.dataset.now.replace("{tries}", tries));
    window.htmx.trigger(form, "submit");
  };
  clearInterval(timer);
  timer = setInterval(tell, 250);
  tell();
  answer.replaceChildren();
  button.disabled = true;
}

if (form && waiting && button) {
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt !== form) return;
    const { status } = event.detail.xhr;
    if (status !== 503 && status !== 429) {
      tries = 0;
      stop(status === 0 ? waiting.dataset.unsure : "");
      return;
    }
    // Without a time to wait nobody promises that nothing was done.
    const seconds = Number(event.detail.xhr.getResponseHeader("Retry-After"));
    if (!seconds) {
      tries = 0;
      stop(waiting.dataset.unsure);
      return;
    }
    tries += 1;
    if (tries > MOST_TRIES || seconds > LONGEST_ASKED_SECONDS) {
      tries = 0;
      stop(seconds > LONGEST_ASKED_SECONDS ? "" : waiting.dataset.givenUp);
      return;
    }
    // After htmx has put the answer in its place and let go of the button.
    setTimeout(() => tryAgainIn(waitMs(seconds)), 0);
  });
}
