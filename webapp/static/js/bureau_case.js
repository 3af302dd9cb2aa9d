// One case: zoom and turn the evidence, and decide by keyboard: A passes, N asks for a correction, R rejects.

for (const sheet of document.querySelectorAll("[data-sheet]")) {
  sheet.querySelector("[data-zoom]").addEventListener("click", () => sheet.classList.toggle("sheet--large"));
  let turns = 0;
  sheet.querySelector("[data-turn]").addEventListener("click", () => {
    sheet.classList.remove(`sheet--turn${turns}`);
    turns = (turns + 1) % 4;
    sheet.classList.add(`sheet--turn${turns}`);
  });
}

const form = document.querySelector("form[data-decision]");
if (form) {
  form.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.ask;
    if (question && !window.confirm(question)) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("textarea, select, input[type=text]")) return;
    form.querySelector(`button[data-key="${CSS.escape(event.key.toLowerCase())}"]`)?.focus();
  });
}
