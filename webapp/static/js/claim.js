// The button names the ticket that is chosen, and wakes when the round opens.

const form = document.getElementById("claim");
const button = document.getElementById("claim-button");

function name() {
  const chosen = form.querySelector("input[name=release_id]:checked");
  if (chosen && !button.disabled) button.textContent = chosen.dataset.label;
}

if (form && button) {
  form.addEventListener("change", name);
  document.addEventListener("moment-reached", () => {
    button.disabled = false;
    document.querySelector("[data-while-waiting]")?.remove();
    name();
  });
  name();
}
