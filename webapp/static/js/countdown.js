// Time left until a moment, on the server's clock.
//
// <time data-countdown data-server-now="…" datetime="…" data-days="天" data-over="已开始">: this device's clock
// may be wrong, so the difference to data-server-now, taken when the answer arrived, is added to it.
// A sleeping phone stops timers, not the clock, so every drawing reckons afresh. When the moment has come
// the document hears "moment-reached".

const navigation = performance.getEntriesByType("navigation")[0];
const arrivedAt = performance.timeOrigin + (navigation ? navigation.responseStart : 0);
// A claim that arrives a breath too early is refused, so the page is never early.
const MARGIN_MS = 300;

const clocks = [...document.querySelectorAll("[data-countdown]")].map((element) => ({
  element,
  moment: Date.parse(element.dateTime),
  offset: Date.parse(element.dataset.serverNow) - arrivedAt,
  over: false,
}));

function twoDigits(number) {
  return String(number).padStart(2, "0");
}

function words(seconds, daysWord) {
  const days = Math.floor(seconds / 86400);
  const clock = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60].map((part) => twoDigits(Math.floor(part)));
  return (days ? `${days} ${daysWord} ` : "") + clock.join(":");
}

function draw() {
  for (const clock of clocks) {
    const left = clock.moment + MARGIN_MS - (Date.now() + clock.offset);
    if (left > 0) {
      clock.element.textContent = words(Math.ceil(left / 1000), clock.element.dataset.days);
    } else if (!clock.over) {
      clock.over = true;
      clock.element.textContent = clock.element.dataset.over;
      document.dispatchEvent(new CustomEvent("moment-reached"));
    }
  }
}

if (clocks.length) {
  draw();
  setInterval(draw, 250);
  document.addEventListener("visibilitychange", draw);
}
