// A scanner gun is a keyboard that types faster than anybody. It needs no field and no focus: keys that come in
// one burst are a scan, keys that come singly are a person at the number keys.

const GAP_MS = 80;
const SHORTEST_SCAN = 8;

export function listenToKeys({ onScan, onKey, onInputMethod }) {
  let burst = "";
  let timer = 0;

  function settle() {
    clearTimeout(timer);
    const typed = burst;
    burst = "";
    if (typed.length >= SHORTEST_SCAN) onScan(typed);
    else for (const key of typed) onKey(key);
    return typed.length >= SHORTEST_SCAN;
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    if (event.isComposing || event.keyCode === 229) {
      // A Chinese input method swallows what the gun types; only the cashier can switch it.
      onInputMethod();
    } else if (event.key === "Enter" || event.key === "Tab") {
      if (!burst) {
        // A person's Enter or Tab on a button belongs to that button.
        if (event.key === "Enter" && event.target === document.body) onKey("Enter");
        return;
      }
      event.preventDefault();
      if (!settle() && event.key === "Enter") onKey("Enter");
    } else if (event.key === "Backspace" || event.key === "Escape") {
      settle();
      onKey(event.key);
    } else if (event.key.length === 1 && !(event.key === " " && !burst)) {
      event.preventDefault();
      burst += event.key;
      clearTimeout(timer);
      timer = setTimeout(settle, GAP_MS);
    }
  });
}
