// As much of a browser's document as the explorer's panels use. What is drawn on a canvas is recorded as calls.

class Style {}

export class Element {
  constructor(tag) {
    Object.assign(this, { tag, children: [], attributes: {}, listeners: {}, dataset: {}, style: new Style(), hidden: false, calls: [] });
    this.classList = { add: (name) => (this.attributes.class = `${this.attributes.class ?? ""} ${name}`), toggle: () => {} };
    if (tag === "canvas") Object.assign(this, { width: 0, height: 0 });
    if (tag === "select") Object.defineProperty(this, "value", { get: () => this.chosen ?? "", set: (value) => (this.chosen = String(value)) });
  }

  setAttribute(name, value) {
    this.attributes[name] = String(value);
    if (name === "hidden") this.hidden = true;
    if (name.startsWith("data-")) this.dataset[name.slice(5)] = String(value);
    if (["value", "min", "max", "step"].includes(name)) this[name] = String(value);
    if (this.tag === "canvas" && ["width", "height"].includes(name)) this[name] = Number(value);
  }

  getAttribute(name) {
    return this.attributes[name] ?? null;
  }

  append(...children) {
    this.children.push(...children);
  }

  replaceChildren(...children) {
    this.children = children;
  }

  addEventListener(name, listener) {
    (this.listeners[name] ??= []).push(listener);
  }

  removeEventListener() {}

  /** Let an event arrive. */
  on(name, event = {}) {
    for (const listener of this.listeners[name] ?? []) listener({ preventDefault() {}, ...event });
  }

  getBoundingClientRect() {
    return { left: 0, top: 0, width: 300, height: 200 };
  }

  getContext() {
    this.context ??= new Proxy({}, {
      get: (kept, name) => {
        if (name in kept) return kept[name];
        if (name === "measureText") return (words) => ({ width: 5 * words.length });
        if (name === "createImageData") return (width, height) => ({ width, height, data: new Uint8ClampedArray(4 * width * height) });
        return (...values) => void this.calls.push([name, ...values]);
      },
    });
    return this.context;
  }

  get textContent() {
    return this.children.map((child) => (child instanceof Element ? child.textContent : String(child))).join("");
  }

  set textContent(words) {
    this.children = [words];
  }

  /** This element and all below it. */
  get all() {
    return [this, ...this.children.filter((child) => child instanceof Element).flatMap((child) => child.all)];
  }

  /** The first element of a class. */
  find(name) {
    return this.all.find(({ attributes }) => attributes.class?.split(" ").includes(name));
  }
}

/** Put the stand-ins where the explorer looks for them. */
export function install() {
  Object.assign(globalThis, {
    document: { createElement: (tag) => new Element(tag), addEventListener() {}, removeEventListener() {}, activeElement: null },
    matchMedia: () => ({ addEventListener() {}, removeEventListener() {} }),
    getComputedStyle: () => ({ color: "black", getPropertyValue: () => "grey" }),
    requestAnimationFrame: (draw) => setTimeout(() => draw(performance.now()), 0),
    cancelAnimationFrame: clearTimeout,
    ResizeObserver: class {
      observe() {}
      disconnect() {}
    },
    IntersectionObserver: class {
      constructor(seen) {
        this.seen = seen;
      }

      /** Everything is on the screen, as is reported at once. */
      observe(target) {
        this.seen([{ target, isIntersecting: true }]);
      }

      disconnect() {}
    },
    ImageData: class {
      constructor(data, width, height) {
        if (data.length !== 4 * width * height) throw new Error(`${data.length} bytes for ${width} x ${height} pixels`);
        Object.assign(this, { data, width, height });
      }
    },
  });
}
