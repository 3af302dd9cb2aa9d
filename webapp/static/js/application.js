// The applicant's pages: a chosen file is sent at once, with its progress; a chosen photo of an invoice is read at once.
// Without scripts the same forms have a button each.

const LONGEST_SIDE = 2200;

// Phones take photos of 10 MB; what is sent is no larger than what is kept.
async function shrunk(file) {
  if (!file.type.startsWith("image/") || file.size < 1024 * 1024) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    return blob && blob.size < file.size ? new File([blob], file.name, { type: "image/jpeg" }) : file;
  } catch {
    return file;
  }
}

function send(form, file) {
  const progress = form.querySelector("progress");
  const told = form.querySelector("[data-told]");
  const body = new FormData(form);
  body.set("file", file, file.name);
  const request = new XMLHttpRequest();
  progress.hidden = false;
  told.textContent = "";
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) progress.value = (event.loaded / event.total) * 100;
  });
  request.addEventListener("loadend", () => {
    progress.hidden = true;
    if (request.status === 204) {
      window.location.hash = form.closest("section").id;
      window.location.reload();
      return;
    }
    let answer = {};
    try {
      answer = JSON.parse(request.responseText);
    } catch {
      // Not ours: the connection or something between has answered.
    }
    told.textContent = answer.message ? `${answer.message}。${answer.way_out}` : form.dataset.failed;
  });
  request.open("POST", form.action);
  request.setRequestHeader("X-Requested-With", "fetch");
  request.send(body);
}

for (const form of document.querySelectorAll("form[data-upload]")) {
  const input = form.querySelector("input[type=file]");
  form.querySelector("[data-send]").hidden = true;
  input.addEventListener("change", async () => {
    if (!input.files.length) return;
    send(form, await shrunk(input.files[0]));
    input.value = "";
  });
}

for (const input of document.querySelectorAll("input[data-scans]")) {
  const button = input.form.querySelector("[data-scan]");
  button.hidden = true;
  input.addEventListener("change", () => {
    if (input.files.length) input.form.requestSubmit(button);
  });
}

document.querySelector("[data-summary]")?.focus();
