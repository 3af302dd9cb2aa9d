// The till's own code: shown to the customer, changed before it dies, and gone by itself once it was used.
//
// Which request waits is kept for this window, so that a page that was reloaded goes on with it.

const ASK_EVERY_MS = 1000;
const REPLY_WITHIN_MS = 6000;
const PLACE = "till.payment";

export class Payment {
  // onPaid gets the receipt; onGone is called when nothing was used.
  constructor(sheet, words, { url, csrf, onPaid, onGone }) {
    Object.assign(this, { sheet, words, url, csrf, onPaid, onGone, id: "", diesAt: 0, livesMs: 1, asking: false, timer: 0 });
    this.part("cancel").addEventListener("click", () => this.cancel());
    sheet.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.cancel();
    });
  }

  part(name) {
    return this.sheet.querySelector(`[data-pay-${name}]`);
  }

  // The request of an earlier visit in this window that may still wait, or "".
  get unfinished() {
    try {
      return sessionStorage.getItem(PLACE) ?? "";
    } catch {
      return "";
    }
  }

  keep(id) {
    this.id = id;
    try {
      if (id) sessionStorage.setItem(PLACE, id);
      else sessionStorage.removeItem(PLACE);
    } catch {
      // Private windows may have no storage; the request is then safe as long as this page stays open.
    }
  }

  // Resolves with what the server said; the code is on the screen if that was ok.
  async ask(body, bill) {
    const told = (await this.send("", body)) ?? { ok: false, message: this.words.pay_unsent, way_out: this.words.pay_again };
    if (told.ok) this.open(told, bill);
    return told;
  }

  async resume(billOf) {
    const id = this.unfinished;
    this.id = id;
    const told = await this.send(`/${id}`);
    if (!told?.ok || told.over) {
      this.keep("");
      this.onGone();
    } else if (told.receipt) {
      this.finish(told.receipt);
    } else {
      const next = await this.send(`/${id}/token`, {});
      if (next?.ok) this.open(next, billOf(told.bill_fen));
      else this.onGone();
    }
  }

  open(told, bill) {
    this.keep(told.id);
    this.show(told);
    this.part("bill").textContent = bill;
    this.say(this.words.pay_waiting);
    this.part("cancel").textContent = this.words.pay_cancel;
    if (!this.sheet.open) this.sheet.showModal();
    clearInterval(this.timer);
    this.timer = setInterval(() => this.tick(), ASK_EVERY_MS);
  }

  show(told) {
    this.part("code").src = told.picture;
    this.part("code").hidden = false;
    this.livesMs = told.lives_ms;
    this.diesAt = performance.now() + told.left_ms;
    this.count();
  }

  count() {
    const left = this.diesAt - performance.now();
    this.part("seconds").textContent = String(Math.max(0, Math.ceil(left / 1000)));
    return left;
  }

  say(text, warns = false) {
    this.part("say").textContent = text;
    this.part("say").toggleAttribute("data-warns", warns);
  }

  async tick() {
    const left = this.count();
    if (this.asking) return;
    this.asking = true;
    try {
      await this.look(left);
    } finally {
      this.asking = false;
    }
  }

  async look(left) {
    const told = await this.send(`/${this.id}`);
    if (!told?.ok) this.say(this.words.pay_offline, true);
    else if (told.receipt) this.finish(told.receipt);
    else if (told.over) this.end(told.over);
    else if (left > 0) this.say(this.words.pay_waiting);
    else await this.renew();
  }

  async renew() {
    const next = await this.send(`/${this.id}/token`, {});
    if (next?.ok) this.show(next);
    else this.part("code").hidden = true;
  }

  // Nobody can use this code any more, and nothing was used.
  end(over) {
    clearInterval(this.timer);
    this.keep("");
    this.part("code").hidden = true;
    this.say(`${over.message}。${over.way_out}`, true);
    this.part("cancel").textContent = this.words.pay_back;
  }

  finish(receipt) {
    this.close();
    this.onPaid(receipt);
  }

  close() {
    clearInterval(this.timer);
    this.keep("");
    if (this.sheet.open) this.sheet.close();
  }

  async cancel() {
    if (this.id) {
      const told = await this.send(`/${this.id}/cancel`, {});
      // Used at the last moment: the next look shows with what.
      if (told?.code === "payment_done") return;
      if (!told?.ok) {
        this.say(this.words.pay_offline, true);
        return;
      }
    }
    this.close();
    this.onGone();
  }

  // Resolves with the answer, with null when there was none.
  async send(path, body) {
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": this.csrf };
    const how = body === undefined ? {} : { method: "POST", headers, body: JSON.stringify(body) };
    try {
      const answer = await fetch(this.url + path, { ...how, cache: "no-store", signal: AbortSignal.timeout(REPLY_WITHIN_MS) });
      const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
      // The sign-in or the page's own token has run out: a fresh page cures both, and goes on with what waits.
      if (answer.redirected || (!isJson && answer.status < 500)) location.reload();
      return isJson ? await answer.json() : null;
    } catch {
      return null;
    }
  }
}
