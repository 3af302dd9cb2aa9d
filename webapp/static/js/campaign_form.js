// The form of a campaign file: a link to a fault unfolds what it is in, a page with unsaved input asks before it is
// left, and what was typed can be brought back in this tab after a sign-in ran out or a page broke.

const form = document.getElementById("campaign-form");

function unfold(id) {
  const found = id && document.getElementById(id);
  if (!found) return;
  for (let box = found.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
  found.scrollIntoView({ block: "center" });
  if (found.matches("input, select, textarea")) found.focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest(".fault-list a");
  if (!link) return;
  event.preventDefault();
  unfold(link.hash.slice(1));
});

let changed = form.dataset.changed !== undefined;
let sent = false;
form.addEventListener("input", () => (changed = true));
form.addEventListener("htmx:afterSwap", () => (changed = true));
form.addEventListener("submit", () => (sent = true));
window.addEventListener("beforeunload", (event) => {
  if (changed && !sent) event.preventDefault();
});

// Kept by the browser for as long as the tab is open; the page of the draft that it became forgets it.
const KEPT = "campaign-form";
const offer = document.getElementById("bring-back");

function typed() {
  const data = new FormData(form);
  data.delete("csrf_token");
  return new URLSearchParams(data).toString();
}

let waiting;
function keepSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(() => sessionStorage.setItem(KEPT, typed()), 300);
}
form.addEventListener("input", keepSoon);
form.addEventListener("htmx:afterSwap", keepSoon);
form.addEventListener("submit", () => sessionStorage.setItem(KEPT, typed()));

const kept = sessionStorage.getItem(KEPT);
if (offer && kept && !changed && kept !== typed()) offer.hidden = false;

offer?.querySelector("[data-bring]").addEventListener("click", () => {
  const again = document.createElement("form");
  again.method = "post";
  again.action = form.action;
  const pairs = [...new URLSearchParams(kept), ["csrf_token", form.elements.csrf_token.value], ["do", "back"]];
  for (const [name, value] of pairs) {
    // A text area sends its lines as they are.
    const input = document.createElement("textarea");
    input.name = name;
    input.value = value;
    again.append(input);
  }
  again.hidden = true;
  document.body.append(again);
  sent = true;
  again.submit();
});
offer?.querySelector("[data-drop]").addEventListener("click", () => {
  sessionStorage.removeItem(KEPT);
  offer.hidden = true;
});
