// Reading QR codes from the camera and from photos with zxing-wasm, which is loaded when it is first needed.

const LOOK_EVERY_MS = 60;
const WIDEST_PIXELS = 1024;
const WIDEST_PHOTO_PIXELS = 1600;
const READER_OPTIONS = { formats: ["QRCode"], tryHarder: true, maxNumberOfSymbols: 1 };

let reader = null;

function loadReader(scriptUrl, wasmUrl) {
  reader ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = scriptUrl;
    script.onload = () => {
      // By itself it would fetch the decoder from somebody else's server.
      ZXingWASM.prepareZXingModule({ overrides: { locateFile: () => wasmUrl }, fireImmediately: true });
      resolve(ZXingWASM);
    };
    script.onerror = () => {
      reader = null;
      reject(new Error("the QR reader could not be loaded"));
    };
    document.head.append(script);
  });
  return reader;
}

function picture(canvas, source, width, height, widest) {
  const scale = Math.min(1, widest / width);
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

async function firstText(image, scriptUrl, wasmUrl) {
  const zxing = await loadReader(scriptUrl, wasmUrl);
  const found = await zxing.readBarcodes(image, READER_OPTIONS);
  return found.find((each) => each.text)?.text ?? null;
}

export class Camera {
  constructor(video, { scriptUrl, wasmUrl, onCode }) {
    Object.assign(this, { video, scriptUrl, wasmUrl, onCode, stream: null, canvas: document.createElement("canvas") });
  }

  get on() {
    return this.stream !== null;
  }

  // Rejects with a DOMException named NotAllowedError, NotFoundError and the like, or "InsecureContext".
  async start() {
    if (!navigator.mediaDevices) throw new DOMException("no camera without HTTPS", "InsecureContext");
    loadReader(this.scriptUrl, this.wasmUrl).catch(() => {});
    const size = { width: { ideal: 1280 }, height: { ideal: 720 } };
    this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: { ideal: "environment" }, ...size } });
    this.video.srcObject = this.stream;
    this.video.hidden = false;
    await this.video.play();
    this.look(this.stream);
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.video.srcObject = null;
    this.video.hidden = true;
  }

  async look(stream) {
    while (this.stream === stream) {
      if (this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) {
        const { videoWidth, videoHeight } = this.video;
        const image = picture(this.canvas, this.video, videoWidth, videoHeight, WIDEST_PIXELS);
        const text = await firstText(image, this.scriptUrl, this.wasmUrl).catch(() => null);
        if (text !== null && this.stream === stream) this.onCode(text);
      }
      await new Promise((resolve) => { setTimeout(resolve, LOOK_EVERY_MS); });
    }
  }
}

// Returns the text of the QR code in a photo: decoded here, or by the server where this browser cannot.
export async function readPhoto(file, { scriptUrl, wasmUrl, photoUrl, csrf }) {
  try {
    const bitmap = await createImageBitmap(file);
    const image = picture(document.createElement("canvas"), bitmap, bitmap.width, bitmap.height, WIDEST_PHOTO_PIXELS);
    const text = await firstText(image, scriptUrl, wasmUrl);
    if (text !== null) return { text };
  } catch {
    // An image this browser cannot open, or no decoder: the server may know better.
  }
  const body = new FormData();
  body.append("photo", file);
  try {
    const answer = await fetch(photoUrl, { method: "POST", body, headers: { "X-CSRF-Token": csrf } });
    return await answer.json();
  } catch {
    return {};
  }
}
