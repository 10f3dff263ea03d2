// The parts that panels are made of. Text is always set as text, never as markup.

/** Make an element with attributes and children. An attribute whose name starts with "on" is an event listener. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/** A canvas that has as many pixels as its box on the screen, and calls `redraw` when the box changes its size. */
export class Board {
  constructor(attributes, redraw) {
    this.canvas = element("canvas", attributes);
    this.context = this.canvas.getContext("2d");
    this.observer = new ResizeObserver(() => this.#fit() && redraw());
    this.observer.observe(this.canvas);
    this.#fit();
  }

  #fit() {
    this.scale = globalThis.devicePixelRatio || 1;
    const box = this.canvas.getBoundingClientRect();
    const [width, height] = [box.width, box.height].map((side) => Math.round(side * this.scale));
    if (width === this.canvas.width && height === this.canvas.height) return false;
    [this.canvas.width, this.canvas.height] = [width, height];
    return true;
  }

  get width() {
    return this.canvas.width / this.scale;
  }

  get height() {
    return this.canvas.height / this.scale;
  }

  /** Clear the canvas and return its context, scaled so that one unit is one CSS pixel. */
  cleared() {
    this.context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    this.context.clearRect(0, 0, this.width, this.height);
    return this.context;
  }

  /** The place of a pointer event, in CSS pixels from the upper left corner of the canvas. */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  stop() {
    this.observer.disconnect();
  }
}

/** The colours of the theme, read from the style sheet. They are kept for half a second, since reading costs a layout. */
export class Theme {
  constructor(root) {
    this.root = root;
    this.asked = -Infinity;
  }

  get ink() {
    if (performance.now() - this.asked > 500) {
      this.asked = performance.now();
      const style = getComputedStyle(this.root);
      const named = (name) => style.getPropertyValue(`--sj-${name}`);
      this.kept = { text: style.color, line: named("line"), halo: named("halo"), mark: named("mark") };
    }
    return this.kept;
  }

  forget() {
    this.asked = -Infinity;
  }
}

/** Set the text of an element, and leave the document alone if the text is the same as before. */
export function setText(place, words) {
  if (place.textContent !== words) place.textContent = words;
}

/** A number with three digits, or with an exponent if it is very large or very small. */
export const short = (value) => {
  const size = Math.abs(value);
  return (size >= 1000 || (size > 0 && size < 0.001) ? value.toExponential(1) : value.toPrecision(3)).replaceAll("-", "−");
};

/** A share as a percentage with one decimal. */
export const percent = (share) => `${(100 * share).toFixed(1)}%`;

/** The numbers from 0 to count - 1 in a random order, always the same, so that no class covers the others. */
export function shuffled(count) {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  let state = 1;
  for (let i = count - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 4294967296) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Round numbers within a range for an axis, each with its text. */
export function ticks(low, high, count = 5) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((size) => size >= rough);
  const first = Math.ceil(low / step);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, k) => {
    const value = (first + k) * step;
    return [value, value.toFixed(digits).replace("-", "−")];
  });
}
