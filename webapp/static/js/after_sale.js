// Evidence after a sale: each chosen file goes up by itself, with its progress; one that fails leaves the rest alone,
// and what is typed stays. What an invoice's code says fills the fields that are still empty.

function send(form, file, shown) {
  return new Promise((resolve) => {
    const call = new XMLHttpRequest();
    const body = new FormData();
    body.append("file", file);
    call.open("POST", form.action);
    call.responseType = "json";
    call.setRequestHeader("X-CSRF-Token", form.elements.csrf_token.value);
    call.setRequestHeader("X-Requested-With", "fetch");
    call.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) shown.value = event.loaded / event.total;
    });
    call.addEventListener("loadend", () => resolve(call.response));
    call.send(body);
  });
}

function fill(fields) {
  for (const [name, value] of Object.entries(fields ?? {})) {
    const input = document.getElementById(name);
    if (input && !input.value) input.value = value;
  }
}

for (const form of document.querySelectorAll("form[data-upload]")) {
  form.querySelector("[data-plain]").hidden = true;
  const input = form.elements.file;
  const lines = form.querySelector(".after-progress");
  input.addEventListener("change", async () => {
    const files = [...input.files];
    input.value = "";
    for (const file of files) {
      const line = document.createElement("li");
      const bar = document.createElement("progress");
      bar.max = 1;
      line.append(file.name, bar);
      lines.append(line);
      const answer = await send(form, file, bar);
      if (answer?.ok) {
        line.remove();
        form.closest(".after-slot").querySelector(".after-files").innerHTML = answer.html;
        fill(answer.fields);
      } else {
        bar.remove();
        line.dataset.failed = "";
        line.append(` · ${answer?.message ?? form.dataset.offline}`);
      }
    }
  });
}
