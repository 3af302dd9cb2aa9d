// A voucher that may not buy everything: the cashier says how much of the bill it may not, or that there is none.

import { Amount } from "./amount.js";

// Resolves with fen, or with null when the cashier gives up.
export function askGoods(sheet, told) {
  const part = (name) => sheet.querySelector(`[data-goods-${name}]`);
  part("what").textContent = told.message;
  part("amount").value = "";
  sheet.showModal();
  return new Promise((resolve) => {
    const finish = (fen) => {
      sheet.close();
      sheet.onclick = null;
      sheet.oncancel = null;
      resolve(fen);
    };
    sheet.oncancel = () => finish(null);
    sheet.onclick = (event) => {
      const answer = event.target.closest("[data-goods-answer]")?.dataset.goodsAnswer;
      if (answer === "none") finish(0);
      if (answer === "cancel") finish(null);
      if (answer !== "some") return;
      const typed = new Amount();
      typed.press(part("amount").value.trim());
      if (typed.fen > 0) finish(typed.fen);
      else part("amount").focus();
    };
  });
}
