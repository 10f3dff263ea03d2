// The attention pattern at the position that is read, head by head: the chosen input beside the mean over all inputs, or
// that mean alone, layer by layer, where the patterns of the inputs are not there.

import { ONE, ZERO } from "./colours.js";
import { Board, element } from "./elements.js";

const MARGIN = { left: 40, right: 6, top: 26, bottom: 36 };
const COLOURS = [ZERO, ONE, "#009e73", "#cc79a7", "#56b4e9"];

export class PatternPanel {
  constructor(scene, theme) {
    this.scene = scene;
    this.theme = theme;
    const shown = scene.meanPattern ? "of the chosen input for each head, beside the mean over all inputs" : "for each head, the mean over all inputs";
    this.board = new Board({ class: "sj-pattern", role: "img", "aria-label": `attention pattern ${shown}` }, () => this.draw());
    const { n_heads: heads } = scene.data.config;
    const { names } = scene.domain;
    this.cells = Array.from({ length: heads }, () => names.map(() => element("td")));
    const row = (name, cells) => element("tr", {}, element("th", { scope: "row" }, name), ...cells);
    const head = element("tr", {}, ...["head", ...names].map((name) => element("th", { scope: "col" }, name)));
    this.root = element(
      "div",
      {},
      this.#layers(),
      this.board.canvas,
      element(
        "details",
        { class: "sj-numbers" },
        element("summary", {}, "in numbers"),
        element("table", {}, element("thead", {}, head), element("tbody", {}, ...this.cells.map((cells, k) => row(String(k), cells)))),
      ),
    );
  }

  /** A choice of the layer, if there are several. */
  #layers() {
    const { n_layers: count } = this.scene.data.config;
    if (count === 1) return "";
    const options = Array.from({ length: count }, (_, layer) => element("option", { value: layer }, String(layer)));
    const choice = element("select", { "data-key": "layer", onchange: () => this.scene.set({ layer: Number(choice.value) }) }, ...options);
    this.layer = choice;
    return element("p", { class: "sj-axes" }, element("label", {}, "layer ", choice));
  }

  draw() {
    if (this.layer) this.layer.value = this.scene.settings.layer;
    const { board, scene } = this;
    const key = [scene.shown, scene.settings.t, scene.settings.layer, board.width, this.theme.ink.text].join();
    if (key === this.drawn) return;
    this.drawn = key;
    const context = board.cleared();
    const theme = this.theme.ink;
    const { n_heads: heads } = scene.data.config;
    const { names } = scene.domain;
    const mean = scene.meanPattern;
    const positions = names.length;
    const [x0, x1, y0, y1] = [MARGIN.left, board.width - MARGIN.right, board.height - MARGIN.bottom, MARGIN.top];
    const across = (x1 - x0) / heads;
    const bar = (0.8 * across) / positions;
    const up = (share) => y0 - share * (y0 - y1);
    const own = scene.pattern(scene.shown);
    this.cells.forEach((cells, head) => cells.forEach((cell, at) => (cell.textContent = own[at * heads + head].toFixed(3))));
    context.font = "12px system-ui, sans-serif";
    context.fillStyle = theme.text;
    context.strokeStyle = theme.line;
    context.textAlign = "right";
    for (const share of [0, 0.5, 1]) {
      context.fillText(String(share), x0 - 6, up(share) + 4);
      context.beginPath();
      context.moveTo(x0, up(share));
      context.lineTo(x1, up(share));
      context.stroke();
    }
    for (let head = 0; head < heads; head++) {
      const left = x0 + head * across + 0.1 * across;
      for (let at = 0; at < positions; at++) {
        const x = left + at * bar;
        context.fillStyle = COLOURS[at % COLOURS.length];
        context.fillRect(x, up(own[at * heads + head]), Math.max(bar - 1, 0.5 * bar), y0 - up(own[at * heads + head]));
        context.fillStyle = theme.text;
        if (mean) context.fillRect(x - 1, up(mean[at * heads + head]) - 1, bar + 1, 2);
      }
      context.fillStyle = theme.text;
      context.textAlign = "center";
      context.fillText(String(head), left + 0.4 * across, y0 + 15);
    }
    context.fillText("head", (x0 + x1) / 2, y0 + 31);
    context.textAlign = "left";
    let x = x0;
    if (mean) {
      context.fillRect(x0, 10, 12, 2);
      context.fillText("mean", x0 + 16, 15);
      x += 24 + context.measureText("mean").width;
    }
    for (let at = 0; at < positions; at++) {
      const name = `to ${names[at]}`;
      const width = 22 + context.measureText(name).width;
      if (x + width - 8 > x1) {
        context.fillText("…", x, 15);
        return; // no room for the rest of the legend; the table of numbers names every position
      }
      context.fillStyle = COLOURS[at % COLOURS.length];
      context.fillRect(x, 6, 10, 10);
      context.fillStyle = theme.text;
      context.fillText(name, x + 14, 15);
      x += width;
    }
  }

  stop() {
    this.board.stop();
  }
}
