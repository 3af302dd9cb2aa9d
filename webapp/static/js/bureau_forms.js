// The bureau's forms: ask before what cannot be undone, put a chosen file's text where it can be read and
// corrected, copy a secret that is shown once, and look a list up again as its filters change.

for (const form of document.querySelectorAll("form[data-ask]")) {
  form.addEventListener("submit", (event) => {
    if (!window.confirm(form.dataset.ask)) event.preventDefault();
  });
}

for (const input of document.querySelectorAll("input[data-fills]")) {
  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (!file) return;
    // A file that is not UTF-8 stays chosen, so that the server can say so.
    try {
      document.getElementById(input.dataset.fills).value = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
      input.value = "";
    } catch {
      document.getElementById(input.dataset.fills).value = "";
    }
  });
}

for (const button of document.querySelectorAll("button[data-copies]")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent.trim());
    button.textContent = button.dataset.done;
  });
}

// What was typed into a form has become what this page shows.
for (const mark of document.querySelectorAll("[data-forget]")) sessionStorage.removeItem(mark.dataset.forget);

for (const form of document.querySelectorAll("form[data-filter]")) {
  for (const select of form.querySelectorAll("select")) select.addEventListener("change", () => form.requestSubmit());
}

// Each campaign has its own last day that can be settled.
for (const radio of document.querySelectorAll("input[data-latest-day]")) {
  const input = document.getElementById(radio.dataset.sets);
  const choose = () => {
    input.dataset.latest = input.max = radio.dataset.latestDay;
    document.getElementById(input.dataset.why).textContent = radio.dataset.says;
  };
  radio.addEventListener("change", () => {
    choose();
    if (input.value > input.max) input.value = input.max;
    input.dispatchEvent(new Event("input"));
  });
  // What was typed and refused stays as it was.
  if (radio.checked) choose();
}

// A day that is not over cannot be settled: the button is greyed, and the reason stands beside it.
for (const input of document.querySelectorAll("input[data-latest]")) {
  const button = document.getElementById(input.dataset.greys);
  const why = document.getElementById(input.dataset.why);
  const locked = button.disabled;
  input.addEventListener("input", () => {
    const late = input.value > input.dataset.latest;
    why.hidden = !late;
    button.disabled = locked || late;
  });
}
