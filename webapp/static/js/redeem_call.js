// Sending a scan so that it happens exactly once and its result is always known.
//
// The key is made and kept before anything is sent. If the reply is lost, the same request goes out again under
// the same key: the server does the work if it had not, and repeats its first answer if it had.

const REPLY_WITHIN_MS = 6000;
const WAITS_MS = [700, 1000, 1500, 2000, 3000];

// crypto.randomUUID is missing on a plain-HTTP address of the shop's own network.
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

export class RedeemCall {
  constructor({ url, csrf, counter, onUnsure }) {
    Object.assign(this, { url, csrf, onUnsure, place: `till.unanswered.${counter}` });
  }

  // The scan of an earlier visit whose answer never came, or null.
  unanswered() {
    try {
      return JSON.parse(localStorage.getItem(this.place));
    } catch {
      return null;
    }
  }

  redeem(body) {
    const scan = { key: newKey(), body };
    this.keep(scan);
    return this.settle(scan);
  }

  // Resolves with the server's answer, or with null when the cashier has to sign in again first.
  async settle(scan) {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await this.send(scan);
      if (answer === "sign_in") return null;
      if (answer !== "unsure") {
        this.keep(null);
        return answer;
      }
      this.onUnsure(attempt);
      await pause(WAITS_MS[Math.min(attempt, WAITS_MS.length - 1)]);
    }
  }

  async send(scan) {
    try {
      const answer = await fetch(this.url, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRF-Token": this.csrf, "Idempotency-Key": scan.key },
        body: JSON.stringify(scan.body),
        signal: AbortSignal.timeout(REPLY_WITHIN_MS),
      });
      const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
      // The sign-in or the page's own token has run out: both are cured by a fresh page.
      if (answer.redirected || (!isJson && answer.status < 500)) return "sign_in";
      if (!isJson) return "unsure";
      const told = await answer.json();
      return told.retryable ? "unsure" : told;
    } catch {
      return "unsure";
    }
  }

  keep(scan) {
    try {
      if (scan) localStorage.setItem(this.place, JSON.stringify(scan));
      else localStorage.removeItem(this.place);
    } catch {
      // Private windows may have no storage; the scan is then safe as long as this page stays open.
    }
  }
}
