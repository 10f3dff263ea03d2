// What the panels are built of. Text is always set as text, never as markup.

/** An element with attributes, children and listeners ("on..." attributes). */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/** A canvas that keeps the size of its box in real pixels, and asks for a new drawing when that changes. */
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

  /** The context, scaled so that one unit is one CSS pixel, and cleared. */
  cleared() {
    this.context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    this.context.clearRect(0, 0, this.width, this.height);
    return this.context;
  }

  /** Where a pointer event is, in CSS pixels from the canvas's corner. */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  stop() {
    this.observer.disconnect();
  }
}

/** The theme's colours as the style sheet has them; asked for anew only after a while, since asking costs a layout. */
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

/** Set an element's text; the document is touched only where it is another. */
export function setText(place, words) {
  if (place.textContent !== words) place.textContent = words;
}

/** The letter of a position, as the post names them: A, B, C. */
export const letter = (at) => String.fromCharCode(65 + at);

/** A number as short as it can be told. */
export const short = (value) => {
  const size = Math.abs(value);
  return (size >= 1000 || (size > 0 && size < 0.001) ? value.toExponential(1) : value.toPrecision(3)).replace("-", "−");
};

export const percent = (share) => `${(100 * share).toFixed(1)}%`;
