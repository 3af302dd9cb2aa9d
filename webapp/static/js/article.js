// The article that a subsidy qualification is used for: what is scanned goes into the field that it looks like.

import { yuan } from "./amount.js";

const ASK_AFTER_MS = 250;

function luhn(digits) {
  let sum = 0;
  [...digits].reverse().forEach((digit, place) => {
    const value = Number(digit) * (place % 2 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  });
  return sum % 10 === 0;
}

function ean13(digits) {
  const sum = [...digits].reduce((total, digit, place) => total + Number(digit) * (place % 2 ? 3 : 1), 0);
  return sum % 10 === 0;
}

// Returns what a scanned text is: a "code" of ours, a "barcode", an "imei", or else a "serial" number.
export function looksLike(text) {
  const plain = text.replace(/[\s-]/g, "");
  if (/^9[67][0-9]{18}$/.test(plain)) return "code";
  if (/^[0-9]{13}$/.test(plain) && ean13(plain)) return "barcode";
  if (/^[0-9]{15}$/.test(plain) && luhn(plain)) return "imei";
  return "serial";
}

export class Article {
  constructor(root, words, { url, productUrl, csrf, amount, onChange, onCode }) {
    Object.assign(this, { root, words, url, productUrl, csrf, amount, onChange, qualification: null, timer: 0, asked: 0 });
    root.addEventListener("input", (event) => {
      this.changed();
      if (event.target === this.field("barcode")) this.lookUp();
    });
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !event.target.dataset.field) return;
      event.preventDefault();
      const typed = event.target.value.trim();
      const kind = looksLike(typed);
      event.target.blur();
      if (event.target.dataset.field !== kind && kind !== "serial") {
        event.target.value = "";
        if (kind === "code") onCode(typed);
        else this.fill(typed);
      }
    });
  }

  get open() {
    return this.qualification !== null;
  }

  field(name) {
    return this.root.querySelector(`[data-field=${name}]`);
  }

  start(qualification) {
    this.close();
    this.qualification = qualification;
    this.root.querySelector("[data-article-name]").textContent = `${qualification.category_name} · ${qualification.offer_name}`;
    this.root.querySelector("[data-article-rule]").textContent = qualification.rule;
    const grades = this.root.querySelector("[data-grades]");
    const choices = qualification.grades.map(({ code, name }) => {
      const label = document.createElement("label");
      const input = Object.assign(document.createElement("input"), { type: "radio", name: "grade", value: code });
      const said = document.createElement("span");
      said.textContent = name;
      label.append(input, said);
      return label;
    });
    grades.replaceChildren(grades.firstElementChild, ...choices);
    grades.hidden = choices.length === 0;
    this.root.hidden = false;
    this.changed();
  }

  close() {
    this.qualification = null;
    this.root.hidden = true;
    this.asked += 1;
    clearTimeout(this.timer);
    for (const input of this.root.querySelectorAll("[data-field]")) input.value = "";
    this.say("");
  }

  fill(text) {
    const kind = looksLike(text);
    this.field(kind).value = text.trim();
    this.changed();
    if (kind === "barcode") this.lookUp();
  }

  // Fills in what the catalogue knows of the barcode; a barcode that it does not have changes nothing.
  async lookUp() {
    const barcode = this.field("barcode").value.trim();
    if (looksLike(barcode) !== "barcode") return;
    try {
      const answer = await fetch(this.productUrl.replace(/0$/, barcode));
      const { product } = await answer.json();
      if (!product || this.field("barcode").value.trim() !== barcode) return;
      this.field("model_name").value = product.model_name;
      const grade = [...this.root.querySelectorAll("input[name=grade]")].find((each) => each.value === product.grade);
      if (grade) grade.checked = true;
      this.changed();
    } catch {
      // The cashier chooses by hand.
    }
  }

  get item() {
    const read = (name) => this.field(name).value.trim();
    return {
      serial: read("serial"),
      barcode: read("barcode"),
      imei: read("imei"),
      model_name: read("model_name"),
      grade: this.root.querySelector("input[name=grade]:checked")?.value ?? "",
    };
  }

  // What is still to be given, as a hint, or "" when nothing is.
  get missing() {
    const { serial, barcode, imei, grade } = this.item;
    const needs = this.qualification.identify;
    if (needs.includes("serial_or_imei") && !serial && !imei) return this.words.hint_serial;
    if (needs.includes("serial") && !serial) return this.words.hint_serial;
    if (needs.includes("imei") && !imei) return this.words.hint_serial;
    if (needs.includes("barcode") && !barcode) return this.words.hint_barcode;
    if (this.qualification.grades.length && !grade) return this.words.hint_grade;
    return this.amount.usable ? "" : this.words.hint_price;
  }

  changed() {
    if (!this.open) return;
    this.say("");
    this.asked += 1;
    clearTimeout(this.timer);
    if (!this.missing) this.timer = setTimeout(() => this.ask(), ASK_AFTER_MS);
    this.onChange();
  }

  // Shows what the article would get; an answer to an earlier question is not shown.
  async ask() {
    this.asked += 1;
    const mine = this.asked;
    const body = { confirmation: this.qualification.confirmation, bill_fen: this.amount.fen, item: this.item };
    try {
      const answer = await fetch(this.url, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRF-Token": this.csrf },
        body: JSON.stringify(body),
      });
      const told = await answer.json();
      if (mine !== this.asked) return;
      if (told.ok) this.say(this.inWords(told), "good");
      else this.say(told.message, "bad");
    } catch {
      // A preview only: the sale itself asks again.
    }
  }

  inWords(told) {
    const parts = [
      this.words.award.replace("%s", yuan(told.discount_fen)),
      this.words.award_pays.replace("%s", yuan(told.customer_pays_fen)),
    ];
    if (told.invoice_fen) parts.push(this.words.award_invoice.replace("%s", yuan(told.invoice_fen)));
    return parts.join(" · ");
  }

  say(text, tone = "") {
    const award = this.root.querySelector("[data-award]");
    award.textContent = text;
    award.dataset.tone = tone;
  }
}
