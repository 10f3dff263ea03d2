// The explorer: one scene, and panels that all show it.

import { byClass, classPalette, css } from "./colours.js";
import { Controls } from "./controls.js";
import { Theme, element, setText } from "./elements.js";
import { Gallery, agreement } from "./gallery.js";
import { Grid } from "./grid.js";
import { Inspector } from "./inspector.js";
import { NeuronPanel } from "./neuron.js";
import { PatternPanel } from "./pattern.js";
import { Plane } from "./plane.js";
import { Scene } from "./scene.js";
import { Strips } from "./strips.js";

/**
 * Put an explorer into an element.
 * @param {Element} root whose content it takes the place of.
 * @param {object} data as `portrait_json` writes it.
 * @param {(pinned: number | null) => void} told when another input is pinned.
 * @returns {Explorer} with `scene`, `set(settings)`, `whenIdle()` and `stop()`.
 */
export function mount(root, data, told = () => {}) {
  return new Explorer(root, data, told);
}

class Explorer {
  constructor(root, data, told) {
    this.told = told;
    this.pinned = null;
    this.scene = new Scene(data, () => this.#changed());
    const grid = new Grid(this.scene.network);
    this.classes = classPalette(data.classes);
    this.binary = classPalette(2);
    this.status = element("p", { class: "sj-status", role: "status" });
    this.legend = element("p", { class: "sj-legend" });
    this.controls = new Controls(this.scene);
    this.theme = new Theme(root);
    this.plane = new Plane(this.scene, grid, this.theme);
    this.gallery = new Gallery(this.scene, grid);
    this.pattern = new PatternPanel(this.scene, this.theme);
    this.strips = new Strips(this.scene, grid);
    this.neuron = new NeuronPanel(this.scene, grid);
    this.inspector = new Inspector(this.scene);
    this.#layout(root);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.redraw = () => {
      this.theme.forget();
      this.#changed();
    };
    this.scheme.addEventListener("change", this.redraw);
    document.addEventListener("themechange", this.redraw);
    this.#draw();
  }

  set(settings) {
    this.scene.set(settings);
  }

  /** Resolves when the Worker has answered all that was asked. */
  whenIdle() {
    return this.scene.answers.whenIdle();
  }

  #layout(root) {
    const panel = (name, tells, ...children) =>
      element("section", { class: "sj-panel" }, element("h3", {}, name), element("p", { class: "sj-explained" }, tells), ...children);
    const column = (name, ...panels) => element("div", { class: `sj-column ${name}` }, ...panels);
    root.classList.add("sj-explorer");
    root.replaceChildren(
      this.status,
      element(
        "div",
        { class: "sj-columns" },
        column(
          "sj-planes",
          panel(
            "The plane",
            "Each point is an input. The lines are the filters' boundaries, all other components at their mean: drag one to move its threshold.",
            this.controls.axes,
            this.plane.root,
            this.legend,
          ),
          panel(
            "Extended embeddings",
            "What each token adds to a filter's value with attention frozen, less its mean over the tokens: purple lowers the value, orange raises it.",
            this.strips.root,
          ),
        ),
        column("sj-settings", this.controls.root),
        column(
          "sj-inputs",
          panel("The input", "Point at one, or click to pin it: it is marked in every panel.", this.inspector.root),
          panel("Attention from the last token", "Bars: the shown input, as attention is set. Strokes: the mean over all inputs.", this.pattern.root),
          panel("One neuron", "What it gets on every input: purple is cut off by the ReLU, orange goes through.", this.neuron.root),
        ),
      ),
      panel(
        "The domain",
        "Each cell is an input: rows are the first token, columns the second. Blue is class 0, off or equal; orange is class 1, on or different; filter values go from purple over white (the threshold) to orange.",
        this.gallery.root,
      ),
    );
  }

  #changed() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.#draw();
    });
  }

  #draw() {
    const { scene } = this;
    const { values, gated, mlpPre, agree, colours } = this.#derived();
    this.controls.draw(agree);
    this.plane.draw(colours, scene.settings.colour === "error" ? this.binary[1] : null);
    this.gallery.draw(values, gated);
    this.neuron.draw(mlpPre);
    this.strips.draw();
    this.pattern.draw();
    this.inspector.draw(values, gated, mlpPre);
    this.#tellStatus();
    if (this.pinned === scene.settings.pinned) return;
    this.pinned = scene.settings.pinned;
    this.told(this.pinned);
  }

  /** What several panels show; kept while nothing but the chosen input changes. */
  #derived() {
    const { scene } = this;
    const key = JSON.stringify({ ...scene.settings, hovered: null, pinned: null });
    if (this.kept?.key === key && this.kept.answer === scene.answer) return this.kept;
    const values = scene.filterValues();
    const gated = values.length ? scene.gate(values) : null;
    const agree = gated && agreement(gated, scene.classes());
    this.kept = { key, answer: scene.answer, values, gated, agree, mlpPre: scene.mlpPre(), colours: this.#pointColours() };
    return this.kept;
  }

  #pointColours() {
    const { scene, classes, binary } = this;
    const now = scene.classes();
    const either = (names, test) => {
      this.#tellColours(names.map((name, k) => [name, binary[k]]));
      return Uint32Array.from(now, (_, i) => binary[Number(test(i))]);
    };
    if (scene.settings.colour === "error") return either(["right", "wrong"], (i) => now[i] !== scene.truth[i]);
    if (scene.settings.colour === "split") return either(["training half", "test half"], (i) => !scene.train[i]);
    const shown = scene.settings.colour === "truth" ? scene.truth : now;
    const count = classes.length - 1;
    const named = Array.from({ length: count }, (_, k) => [`class ${k}`, classes[k]]).filter((_, k) => count < 9 || k % Math.ceil(count / 6) === 0);
    if (shown.includes(-1)) named.push(["in no class", classes[count]]);
    this.#tellColours(named);
    return byClass(shown, classes);
  }

  #tellColours(named) {
    const key = named.join();
    if (this.legend.dataset.key === key) return;
    this.legend.dataset.key = key;
    this.legend.replaceChildren(
      ...named.map(([name, colour]) => {
        const swatch = element("span", { class: "sj-swatch" });
        swatch.style.background = css(colour);
        return element("span", { class: "sj-key" }, swatch, name);
      }),
    );
  }

  #tellStatus() {
    const { isBusy, answer, size } = this.scene;
    let words = "The network is running on every input …";
    if (!isBusy && answer) {
      const differ = this.#differing();
      words = `The page has run the network on all ${size.toLocaleString("en")} inputs, in ${Math.max(1, Math.round(answer.ms))} ms.`;
      if (differ !== null) words += ` Answers that differ from those of the analysis: ${differ}.`;
    }
    setText(this.status, words);
    this.status.classList.toggle("sj-busy", isBusy);
  }

  /** How many answers differ from the analysis's own, where the settings are those of a network that it ran. */
  #differing() {
    const { answer, answered, network, views } = this.scene;
    const isWhole = answered.fraction === 1 && answered.count === network.config.d_mlp && answered.move.every((value) => value === 0);
    const view = { 0: views.frozen, 1: views.full }[answered.t];
    if (!isWhole || !view) return null;
    return Math.round((1 - agreement(answer.classes, view.classes)) * answer.classes.length);
  }

  stop() {
    this.scheme.removeEventListener("change", this.redraw);
    document.removeEventListener("themechange", this.redraw);
    if (this.frame) cancelAnimationFrame(this.frame);
    for (const part of [this.scene, this.controls, this.plane, this.gallery, this.neuron, this.pattern]) part.stop();
  }
}
