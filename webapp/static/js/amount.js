// The bill as it is typed: yuan in a string, fen for the server. No floating point comes near it.

const MOST_YUAN_DIGITS = 7;

export class Amount {
  text = "";
  // After a redemption the amount stays readable but is spent; after a refusal it may be sent again. In both cases
  // the next digit begins a new one.
  settled = false;
  held = false;

  press(key) {
    if (key === "Escape") this.text = "";
    else if (key === "Backspace") this.text = this.settled ? "" : this.text.slice(0, -1);
    else for (const sign of key) this.append(sign);
    this.settled = false;
    this.held = false;
  }

  append(sign) {
    if (this.settled || this.held) this.text = "";
    this.settled = false;
    this.held = false;
    const [yuan, fen] = this.text.split(".");
    if (sign === "." || sign === "。") {
      if (fen === undefined) this.text = `${yuan || "0"}.`;
    } else if (/^[0-9]$/.test(sign)) {
      if (fen === undefined && yuan.length < MOST_YUAN_DIGITS) this.text = yuan === "0" ? sign : yuan + sign;
      else if (fen !== undefined && fen.length < 2) this.text += sign;
    }
  }

  get usable() {
    return this.fen > 0 && !this.settled;
  }

  get fen() {
    const [yuan, fen = ""] = this.text.split(".");
    return Number(yuan || 0) * 100 + Number(fen.padEnd(2, "0"));
  }

  get shown() {
    const [yuan, fen] = this.text.split(".");
    const grouped = (yuan || "0").replace(/\B(?=(\d{3})+$)/g, ",");
    return this.text === "" ? "0.00" : grouped + (fen === undefined ? "" : `.${fen}`);
  }
}

export function yuan(fen) {
  const digits = String(fen).padStart(3, "0");
  return `${digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",")}.${digits.slice(-2)}`;
}
