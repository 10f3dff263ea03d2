// What the colours of the points mean.

import { css } from "./colours.js";
import { element } from "./elements.js";

export class Legend {
  constructor() {
    this.root = element("p", { class: "sj-legend" });
  }

  draw({ named }) {
    const key = named.join();
    if (this.root.dataset.key === key) return;
    this.root.dataset.key = key;
    this.root.replaceChildren(
      ...named.map(([name, colour]) => {
        const swatch = element("span", { class: "sj-swatch" });
        swatch.style.background = css(colour);
        return element("span", { class: "sj-key" }, swatch, name);
      }),
    );
  }

  stop() {}
}
