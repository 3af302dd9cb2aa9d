// Handing out a gift: a gun types a number and then presses Enter, which goes on to the next number that is wanted and
// never hands anything out; the cashier does that.

const form = document.querySelector("[data-gift]");
const numbers = form ? [...form.querySelectorAll("[data-number]")] : [];

const isChosen = (input) => input.closest("li").querySelector("input[type=checkbox]").checked;

function goOn() {
  const next = numbers.find((input) => isChosen(input) && !input.value.trim());
  (next ?? form.querySelector("[data-hand-out]"))?.focus();
}

form?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("[data-number]")) return;
  event.preventDefault();
  goOn();
});
form?.addEventListener("input", (event) => {
  // Who types a number wants that part handed out.
  if (event.target.matches("[data-number]")) event.target.closest("li").querySelector("input[type=checkbox]").checked = true;
});
if (form && !form.querySelector("[autofocus]")) goOn();
