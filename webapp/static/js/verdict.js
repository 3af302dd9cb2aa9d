// The full-screen result: green, red, or "being confirmed". It goes by itself, at a touch, or at the next scan.

import { yuan } from "./amount.js";

const STAYS_MS = { done: 4000, refused: 9000 };

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

function line(term, value) {
  return element("div", "", element("dt", "", term), element("dd", "num", value));
}

export class Verdict {
  constructor(root, words, onGone) {
    Object.assign(this, { root, words, onGone, until: 0, timer: 0 });
    root.addEventListener("click", () => this.dismiss());
  }

  get shown() {
    return !this.root.hidden;
  }

  get final() {
    return this.shown && this.root.dataset.kind !== "confirming";
  }

  done(receipt) {
    const collect = element("p", "verdict__collect", this.words.collect);
    collect.append(element("span", "num", `¥${yuan(receipt.customer_pays_fen)}`));
    const own = receipt.merchant_discount_fen
      ? [
          line(this.words.listed, `¥${yuan(receipt.list_fen)}`),
          line(this.words.merchant_discount, `−¥${yuan(receipt.merchant_discount_fen)}`),
        ]
      : [];
    const lines = element(
      "dl", "verdict__lines",
      ...own,
      line(this.words.bill, `¥${yuan(receipt.bill_fen)}`),
      line(receipt.item_name ? this.words.subsidy : this.words.discount, `¥${yuan(receipt.discount_fen)}`),
      line(receipt.item_name ? this.words.item : this.words.offer, receipt.item_name || receipt.offer_name),
      ...(receipt.invoice_fen ? [line(this.words.invoice, `¥${yuan(receipt.invoice_fen)}`)] : []),
    );
    this.open("done", "✓", this.words.done, [collect, lines], this.words.next);
  }

  refused(told) {
    const parts = [element("p", "verdict__why", told.message)];
    if (told.way_out) parts.push(element("p", "verdict__say", told.way_out));
    this.open("refused", "✕", this.words.refused, parts, this.words.next_refused);
  }

  confirming(attempt) {
    const more = attempt < 4 ? this.words.confirming_why : this.words.confirming_long;
    this.open("confirming", "", this.words.confirming, [element("p", "verdict__why", more)], "");
  }

  open(kind, mark, title, body, next) {
    const part = (name) => this.root.querySelector(`[data-verdict-${name}]`);
    part("mark").textContent = mark;
    part("title").textContent = title;
    part("body").replaceChildren(...body);
    part("next").textContent = next;
    this.root.dataset.kind = kind;
    this.root.hidden = false;
    this.root.focus();
    clearInterval(this.timer);
    const stays = STAYS_MS[kind];
    if (!stays) {
      part("timer").style.setProperty("--left", "0");
      return;
    }
    this.until = performance.now() + stays;
    this.timer = setInterval(() => {
      const left = this.until - performance.now();
      part("timer").style.setProperty("--left", Math.max(0, left / stays).toFixed(3));
      if (left <= 0) this.dismiss();
    }, 50);
  }

  dismiss() {
    if (!this.final) return;
    clearInterval(this.timer);
    this.root.hidden = true;
    this.onGone();
  }
}
