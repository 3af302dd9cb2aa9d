// What the till says aloud. Browsers allow sound only after the first touch or key of a visit, which on a till
// comes soon enough; until then it is silent.

let context = null;

function wake() {
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume();
}
for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, wake, { capture: true, once: true });

function tone(frequency, from, seconds, shape) {
  const oscillator = new OscillatorNode(context, { frequency, type: shape });
  const volume = new GainNode(context, { gain: 0 });
  const start = context.currentTime + from;
  volume.gain.setValueAtTime(0.25, start);
  volume.gain.exponentialRampToValueAtTime(0.001, start + seconds);
  oscillator.connect(volume).connect(context.destination);
  oscillator.start(start);
  oscillator.stop(start + seconds);
}

function vibrate(pattern) {
  // A page that was never touched may not, and the browser complains when it tries.
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(pattern);
}

function speak(text) {
  const voice = window.speechSynthesis?.getVoices().find((each) => each.lang.startsWith("zh"));
  if (!voice) return;
  const words = new SpeechSynthesisUtterance(text);
  words.voice = voice;
  speechSynthesis.cancel();
  speechSynthesis.speak(words);
}

export function good(text) {
  vibrate(60);
  if (!context) return;
  tone(784, 0, 0.16, "sine");
  tone(1175, 0.13, 0.3, "sine");
  speak(text);
}

export function bad(text) {
  vibrate([100, 80, 100, 80, 100]);
  if (!context) return;
  tone(170, 0, 0.45, "square");
  speak(text);
}
