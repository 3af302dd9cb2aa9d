// The form of a campaign file: a link to a fault unfolds what it is in, buttons within a folded row's head do not fold
// it, and a page with unsaved input asks before it is left.

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
