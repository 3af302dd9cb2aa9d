// The till's page: puts amount, code, camera, keys and verdict together.
//
// Reading a code on purpose (gun, photo, typing) with an amount on the display redeems at once. The camera looks
// all the time, so what it sees is sent only after the cashier has pressed the big key for this amount: a
// half-typed amount is never redeemed by a phone that happens to lie in view.

import { Amount, yuan } from "./amount.js";
import { Article, looksLike } from "./article.js";
import { RedeemCall } from "./redeem_call.js";
import { Camera, readPhoto } from "./scanner.js";
import * as sound from "./sound.js";
import { Basket } from "./till_basket.js";
import { askGoods } from "./till_goods.js";
import { Payment } from "./till_payment.js";
import { Verdict } from "./verdict.js";
import { listenToKeys } from "./wedge.js";

const SAME_CODE_IGNORED_MS = 3000;

const root = document.querySelector("[data-till]");
const words = JSON.parse(document.getElementById("till-words").textContent);
const part = (name) => root.querySelector(`[data-${name}]`);
const reader = {
  scriptUrl: root.dataset.reader,
  wasmUrl: root.dataset.wasm,
  photoUrl: root.dataset.photoUrl,
  csrf: root.dataset.csrf,
};

const amount = new Amount();
const basket = new Basket();
let code = "";
let armed = false;
let busy = false;
let lastCode = "";
let lastCodeAt = 0;
// A promise while the till asks what a code is.
let looking = null;

const verdict = new Verdict(part("verdict"), words, draw);
const call = new RedeemCall({
  url: root.dataset.redeemUrl,
  csrf: root.dataset.csrf,
  counter: root.dataset.counter,
  onUnsure: (attempt) => verdict.confirming(attempt),
});
const article = new Article(part("article"), words, {
  url: root.dataset.quoteUrl,
  productUrl: root.dataset.productUrl,
  csrf: root.dataset.csrf,
  amount,
  onChange: draw,
  onCode: (text) => read(text, true),
});
// Only where customers may scan this till.
const payment = root.dataset.payUrl
  ? new Payment(part("pay-sheet"), words, {
      url: root.dataset.payUrl,
      csrf: root.dataset.csrf,
      onPaid: (receipt) => show({ ok: true, receipt, advice: "" }),
      onGone: () => { busy = false; draw(); },
    })
  : null;
const camera = new Camera(part("video"), { ...reader, onCode: (text) => read(text, false) });

function draw() {
  part("amount").textContent = amount.shown;
  part("amount").toggleAttribute("data-empty", !amount.usable);
  part("code").textContent = code ? words.code_read.replace("%s", code.slice(-4)) : words.code_missing;
  part("code").toggleAttribute("data-read", Boolean(code));
  if (basket.on && basket.codes.length) {
    part("code").textContent = words.codes_read.replace("%s", basket.codes.length).replace("%t", basket.shown);
    part("code").toggleAttribute("data-read", true);
  }
  root.querySelector("[data-way=several]").setAttribute("aria-pressed", String(basket.on));
  const [label, hint, enabled] = offer();
  part("go").textContent = label;
  part("go").disabled = !enabled;
  part("hint").textContent = hint;
  root.querySelector("[data-way=camera]").setAttribute("aria-pressed", String(camera.on));
  part("camera-label").textContent = camera.on ? words.camera_off : words.camera_on;
  if (payment) {
    part("pay").disabled = busy || !amount.usable;
    part("pay-why").textContent = amount.usable ? "" : words.pay_amount;
  }
}

// What the big key does now, and why not when it does nothing.
function offer() {
  const hasAmount = amount.usable;
  if (busy) return [words.go_busy, "", false];
  if (basket.on) {
    const many = words.go_several.replace("%s", basket.codes.length);
    if (!basket.codes.length) return [many, words.hint_several, false];
    return [many, hasAmount ? words.hint_several_more : words.hint_amount, hasAmount];
  }
  if (article.open) return [words.go_redeem, article.missing, !article.missing];
  if (code && hasAmount) return [words.go_redeem, "", true];
  if (code) return [words.go_redeem, words.hint_amount, false];
  if (armed) return [words.go_looking, words.hint_show, false];
  return [words.go_scan, hasAmount ? words.hint_scan : words.hint_start, true];
}

function press(key) {
  if (busy) return;
  const closed = verdict.final;
  verdict.dismiss();
  if (closed && (key === "Escape" || key === "Enter")) return;
  if (key === "Enter") {
    go();
    return;
  }
  armed = false;
  if (key === "Escape") {
    article.close();
    code = "";
    basket.empty();
    part("list").value = "";
  }
  amount.press(key);
  article.changed();
  draw();
}

function go() {
  if (!offer()[2]) return;
  if (code || basket.on || article.open) {
    redeem();
    return;
  }
  armed = amount.usable;
  if (!camera.on) startCamera();
  draw();
}

function read(text, onPurpose) {
  const again = text === lastCode && performance.now() - lastCodeAt < SAME_CODE_IGNORED_MS;
  if (busy || (again && (verdict.final || !onPurpose))) return;
  if (!onPurpose && (verdict.final || text === code)) return;
  verdict.dismiss();
  if (basket.on) {
    basket.add(text);
    draw();
    return;
  }
  if (looking && looksLike(text) !== "code") {
    // A quick hand scans the article while the till still asks what the code before it is.
    looking.then(() => read(text, onPurpose));
    return;
  }
  if (article.open && looksLike(text) !== "code") {
    article.fill(text);
    return;
  }
  article.close();
  code = text;
  if (amount.usable && (onPurpose || armed)) redeem();
  else {
    draw();
    lookAt(text);
  }
}

function lookAt(text) {
  looking = askWhatItIs(text).finally(() => {
    looking = null;
  });
}

// Asks whether a code is a qualification's: then the article comes next, and the code has done its part. A gift has a
// page of its own, where it is handed out.
async function askWhatItIs(text) {
  const told = await ask(root.dataset.confirmUrl, { code: text });
  if (code === text && told?.gift) location.assign(told.gift);
  if (code !== text || !told?.qualification) return;
  code = "";
  article.start(told.qualification);
  draw();
}

async function ask(url, body) {
  try {
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": root.dataset.csrf };
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
    return await answer.json();
  } catch {
    // The redemption will say what is wrong.
    return null;
  }
}

async function redeem() {
  busy = true;
  lastCode = code;
  draw();
  const sent = { ...whatIsSold(), bill_fen: amount.fen, list_fen: listFen() };
  let told = await call.redeem(sent);
  if (told?.code === "goods_to_confirm") {
    const excludedFen = await askGoods(part("goods-sheet"), told);
    if (excludedFen !== null) told = await call.redeem({ ...sent, excluded_fen: excludedFen });
  }
  if (!["goods_needed", "gift_to_hand_out"].includes(told?.code)) {
    show(told);
    return;
  }
  busy = false;
  draw();
  lookAt(code);
}

// The other way round: the customer scans this till, and chooses.
async function askToScan() {
  if (busy || !amount.usable) return;
  busy = true;
  draw();
  const sent = { bill_fen: amount.fen, list_fen: listFen() };
  const bill = `¥${yuan(amount.fen)}`;
  let told = await payment.ask(sent, bill);
  if (told.code === "goods_to_confirm") {
    const excludedFen = await askGoods(part("goods-sheet"), told);
    if (excludedFen === null) {
      busy = false;
      draw();
      return;
    }
    told = await payment.ask({ ...sent, excluded_fen: excludedFen }, bill);
  }
  if (!told.ok) show(told);
}

// Several codes, a confirmed qualification with its article, or one code.
function whatIsSold() {
  if (article.open) return { confirmation: article.qualification.confirmation, item: article.item };
  const read = basket.on ? basket.sent : code;
  return Array.isArray(read) ? { codes: read } : { code: read };
}

// The price before the shop's own discounts in fen, or null where the cashier left it empty.
function listFen() {
  const typed = part("list").value.trim();
  if (!typed) return null;
  const listed = new Amount();
  listed.press(typed);
  return listed.fen;
}

function show(told) {
  busy = false;
  armed = false;
  code = "";
  basket.empty();
  lastCodeAt = performance.now();
  if (told === null) {
    location.reload();
    return;
  }
  if (told.ok) {
    article.close();
    amount.settled = true;
    part("list").value = "";
    verdict.done(told.receipt, told.advice);
    sound.good(`${words.done}，${words.collect}${told.receipt.customer_pays_fen / 100}元`);
    refreshDay();
  } else {
    amount.held = true;
    verdict.refused(told);
    sound.bad(told.message);
  }
  draw();
}

async function refreshDay() {
  try {
    const answer = await fetch(root.dataset.latestUrl);
    if (answer.ok && !answer.redirected) part("latest").innerHTML = await answer.text();
  } catch {
    // The list is a convenience; it is right again after the next redemption.
  }
}

function sayCamera(text) {
  part("camera-say").textContent = text;
  part("camera-say").hidden = !text;
}

async function startCamera() {
  sayCamera("");
  try {
    await camera.start();
  } catch (failure) {
    camera.stop();
    armed = false;
    const known = { NotAllowedError: words.camera_denied, NotFoundError: words.camera_none, InsecureContext: words.camera_https };
    sayCamera(known[failure.name] ?? words.camera_broken);
  }
  draw();
}

function openTyping() {
  part("type-code").value = "";
  part("type-hint").textContent = words.type_hint;
  part("type-hint").removeAttribute("data-warns");
  part("type-sheet").showModal();
}

async function takePhoto(file) {
  if (!file || busy) return;
  part("hint").textContent = words.photo_reading;
  const found = await readPhoto(file, reader);
  if (found.text) read(found.text, true);
  else part("hint").textContent = found.message ?? words.photo_none;
}

const ways = {
  camera: () => {
    if (camera.on) camera.stop();
    else startCamera();
    armed = false;
    draw();
  },
  photo: () => part("photo").click(),
  type: openTyping,
  several: () => {
    if (busy) return;
    basket.toggle();
    if (basket.on && code) basket.add(code);
    code = "";
    armed = false;
    draw();
  },
};

root.addEventListener("click", (event) => {
  const key = event.target.closest("[data-key]");
  const way = event.target.closest("[data-way]");
  if (key) press(key.dataset.key);
  else if (way) ways[way.dataset.way]();
  else if (event.target.closest("[data-go]")) go();
  else if (event.target.closest("[data-pay]")) askToScan();
  else if (event.target.closest("[data-type-cancel]")) part("type-sheet").close();
});
part("photo").addEventListener("change", (event) => {
  takePhoto(event.target.files[0]);
  event.target.value = "";
});
part("type-code").addEventListener("input", (event) => {
  const wide = /[０-９]/.test(event.target.value);
  part("type-hint").textContent = wide ? words.full_width : words.type_hint;
  part("type-hint").toggleAttribute("data-warns", wide);
});
// A gun types into whatever has the focus: its digits at the end of the price are the next scan, not a price.
part("list").addEventListener("input", () => {
  const found = /^(.*?)(9[67][0-9]{18})$/.exec(part("list").value.trim());
  if (!found) return;
  part("list").value = found[1];
  part("list").blur();
  read(found[2], true);
});
part("list").addEventListener("keydown", (event) => {
  if (event.key === "Enter") part("list").blur();
});
part("type-form").addEventListener("submit", () => {
  const typed = part("type-code").value.trim();
  if (typed) read(typed, true);
});
listenToKeys({
  onScan: (text) => read(text, true),
  onKey: press,
  onInputMethod: () => { part("hint").textContent = words.input_method; },
});
// A phone in a pocket must not keep filming; it looks again when it is taken out.
let resumes = false;
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    resumes = camera.on;
    camera.stop();
  } else if (resumes) startCamera();
  draw();
});

const waiting = JSON.parse(document.getElementById("till-qualification").textContent);
if (waiting) article.start(waiting);
draw();
const unanswered = call.unanswered();
if (unanswered) {
  busy = true;
  verdict.confirming(0);
  call.settle(unanswered).then(show);
} else if (payment?.unfinished) {
  busy = true;
  draw();
  payment.resume((fen) => `¥${yuan(fen)}`);
}
