// How much each token adds to the value of each filter in the frozen network, minus the mean over the tokens: one strip
// for each filter and position. Without filters, the strips show the first two components.

import { bySign, largest } from "./colours.js";
import { element, setText, short } from "./elements.js";

export class Strips {
  constructor(scene, grid) {
    this.scene = scene;
    this.grid = grid;
    this.root = element("div", { class: "sj-strips" });
    this.view = null;
  }

  draw() {
    if (this.view !== this.scene.view) this.#build();
    const input = this.scene.shown;
    for (const { at, values, count, mark, note } of this.rows) {
      const token = input === null ? null : this.scene.domain.choices[at][input];
      mark.hidden = token === null;
      if (token !== null) mark.style.left = `${(100 * (token + 0.5)) / count}%`;
      setText(note, token === null ? "" : short(values[token]));
    }
  }

  #build() {
    const { scene, grid } = this;
    this.view = scene.view;
    const { filters, mid } = scene.view;
    const named = filters
      ? filters.names.map((name, k) => [name, filters.directions[k]])
      : mid.components.slice(0, 2).map((vector, k) => [`component ${k + 1}`, vector]);
    const reached = grid.varying.filter((at) => scene.network.reached.includes(at));
    this.rows = named.flatMap(([name, vector]) => reached.map((at) => this.#strip(name, vector, at)));
    this.root.replaceChildren(...this.rows.map(({ root }) => root));
  }

  #strip(name, vector, at) {
    const { scene } = this;
    const raw = scene.network.extended(vector, at);
    const mean = raw.reduce((sum, value) => sum + value, 0) / raw.length;
    const values = raw.map((value) => value - mean);
    const limit = largest(values);
    const position = scene.network.names[at];
    const canvas = element("canvas", {
      width: values.length,
      height: 1,
      role: "img",
      "aria-label": `how much each token at position ${position} adds to ${name}, from ${short(-limit)} to ${short(limit)}`,
    });
    const pixels = new ImageData(new Uint8ClampedArray(bySign(values, limit).buffer), values.length, 1);
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    const mark = element("span", { class: "sj-strip-mark", hidden: true });
    const note = element("output", { class: "sj-strip-note" });
    const root = element(
      "div",
      { class: "sj-strip" },
      element("span", { class: "sj-strip-name" }, `${name}, position ${position}`),
      element("span", { class: "sj-strip-cells" }, canvas, mark),
      element("span", { class: "sj-strip-limit" }, `±${short(limit)}`),
      note,
    );
    return { root, at, values, count: values.length, mark, note };
  }

  stop() {}
}
