// Codes that are used together on one bill: while it is on, what is read is gathered, and the big key sends all.

export class Basket {
  on = false;
  codes = [];

  toggle() {
    this.on = !this.on;
    this.codes = [];
  }

  add(text) {
    if (!this.codes.includes(text)) this.codes.push(text);
  }

  empty() {
    this.on = false;
    this.codes = [];
  }

  // The last digits of each, so that the cashier sees which have been read.
  get shown() {
    return this.codes.map((code) => `···${code.slice(-4)}`).join(" ");
  }

  // What is sent: one code goes the way of one code.
  get sent() {
    return this.codes.length > 1 ? this.codes : this.codes[0];
  }
}
