// The explorer: one scene, and the panels that show it.

import { ACTIVATION_NAMES } from "./activation.js";
import { byClass, classPalette, css } from "./colours.js";
import { Controls } from "./controls.js";
import { Theme, element, setText } from "./elements.js";
import { Gallery, agreement } from "./gallery.js";
import { Grid } from "./grid.js";
import { Inspector } from "./inspector.js";
import { NeuronPanel } from "./neuron.js";
import { PatternPanel } from "./pattern.js";
import { Plane } from "./plane.js";
import { RecordedScene } from "./recorded.js";
import { Scene } from "./scene.js";
import { Strips } from "./strips.js";

/**
 * Put an explorer into an element.
 * @param {Element} root the element, whose content is replaced.
 * @param {object} data the portrait, as `portrait_json` writes it.
 * @param {(pinned: number | null) => void} told is called when the pinned input changes.
 * @returns {Explorer} has `scene`, `set(settings)`, `whenIdle()` and `stop()`.
 */
export function mount(root, data, told = () => {}) {
  return new Explorer(root, data, told);
}

class Explorer {
  constructor(root, data, told) {
    this.told = told;
    this.pinned = null;
    this.scene = new (data.recorded ? RecordedScene : Scene)(data, () => this.#changed());
    const grid = new Grid(this.scene.domain);
    this.classes = classPalette(data.classes);
    this.binary = classPalette(2);
    this.status = element("p", { class: "sj-status", role: "status" });
    this.legend = element("p", { class: "sj-legend" });
    this.controls = new Controls(this.scene);
    this.theme = new Theme(root);
    this.plane = new Plane(this.scene, grid, this.theme);
    this.gallery = new Gallery(this.scene, grid);
    this.pattern = new PatternPanel(this.scene, this.theme);
    this.strips = data.recorded ? null : new Strips(this.scene, grid);
    this.neuron = this.scene.settings.neuron === null ? null : new NeuronPanel(this.scene, grid);
    this.inspector = new Inspector(this.scene);
    this.#layout(root, grid);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.redraw = () => {
      this.theme.forget();
      this.#changed();
    };
    this.scheme.addEventListener("change", this.redraw);
    document.addEventListener("themechange", this.redraw);
    this.#draw();
  }

  /** Change some settings of the scene. */
  set(settings) {
    this.scene.set(settings);
  }

  /** Resolves when the Worker has answered every question. */
  whenIdle() {
    return this.scene.whenIdle();
  }

  #layout(root, grid) {
    const { isRecorded } = this.scene;
    const tells = explanations(this.scene, grid);
    const panel = (name, words, ...children) =>
      element("section", { class: "sj-panel" }, element("h3", {}, name), element("p", { class: "sj-explained" }, words), ...children);
    const column = (name, ...panels) => element("div", { class: `sj-column ${name}` }, ...panels);
    root.classList.add("sj-explorer");
    root.replaceChildren(
      this.status,
      element(
        "div",
        { class: `sj-columns${isRecorded ? " sj-recorded" : ""}` },
        column(
          "sj-planes",
          panel("The plane", tells.plane, this.controls.axes, this.plane.root, this.legend),
          ...(this.strips ? [panel("Extended embeddings", tells.embeddings, this.strips.root)] : []),
        ),
        ...(isRecorded ? [] : [column("sj-settings", this.controls.root)]),
        column(
          "sj-inputs",
          ...(isRecorded ? [this.controls.root] : []),
          panel("The input", tells.input, this.inspector.root),
          panel(`Attention from ${tells.position}`, tells.pattern, this.pattern.root),
          ...(this.neuron ? [panel("One neuron", tells.neuron, this.neuron.root)] : []),
        ),
      ),
      panel("The domain", tells.domain, this.gallery.root),
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
    this.neuron?.draw(mlpPre);
    this.strips?.draw();
    this.pattern.draw();
    this.inspector.draw(values, gated, mlpPre);
    this.#tellStatus();
    if (this.pinned === scene.settings.pinned) return;
    this.pinned = scene.settings.pinned;
    this.told(this.pinned);
  }

  /** What several panels show. It is kept until something other than the chosen input changes. */
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
    if (scene.settings.colour === "error") return either(["correct", "wrong"], (i) => now[i] !== scene.truth[i]);
    if (scene.settings.colour === "split") return either(["training set", "test set"], (i) => !scene.train[i]);
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
    const { isBusy, answer, size, isRecorded } = this.scene;
    if (isRecorded) return setText(this.status, recordedWords(this.scene));
    let words = "The network is running on every input …";
    if (!isBusy && answer) {
      const differ = this.#differing();
      words = `This page ran the network on all ${size.toLocaleString("en")} inputs in ${Math.max(1, Math.round(answer.ms))} ms.`;
      if (differ !== null) words += ` Answers that differ from those of the analysis: ${differ}.`;
    }
    setText(this.status, words);
    this.status.classList.toggle("sj-busy", isBusy);
  }

  /** How many answers differ from those of the analysis, or null if the analysis did not run these settings. */
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
    for (const part of [this.scene, this.controls, this.plane, this.gallery, this.neuron, this.pattern]) part?.stop();
  }
}

/** Why the page does not run a network, and what it shows instead. */
function recordedWords({ data, size }) {
  const { n_layers: layers } = data.config;
  const reason = layers > 1 ? `has ${layers} layers` : "normalises its residual stream";
  return (
    `This network ${reason}, so the page does not run it: it shows what the analysis recorded on ` +
    `${size.toLocaleString("en")} inputs, without the settings that would need a run.`
  );
}

/** The sentence above each panel. */
function explanations({ domain, data }, grid) {
  const { names, readAt } = domain;
  const activation = ACTIVATION_NAMES[data.config.act_fn];
  const withFilters = data.views.filter(({ filters }) => filters).length;
  const filter = withFilters === data.views.length ? "filter" : withFilters ? "filter or component" : "component";
  const tokens = (positions) =>
    `the token${positions.length > 1 ? "s" : ""} at position${positions.length > 1 ? "s" : ""} ${positions.map((at) => names[at]).join(", ")}`;
  const [blue, orange] = ["off", "on"].map((state, k) => {
    const means = [...(data.classes > 2 ? [] : [`class ${k}`]), ...(data.recorded ? [] : [state])];
    return means.length ? `${means.join(", ")}, or ` : "";
  });
  const { rowAt, columnAt } = grid;
  const place = rowAt.length ? `its row gives ${tokens(rowAt)}, its column ${tokens(columnAt)}` : `its column gives ${tokens(columnAt)}`;
  const cell = domain.isList ? "the list of inputs fills one row after the other" : place;
  return {
    plane:
      "Each point is one input." +
      (withFilters ? " Each line is the boundary of a filter for inputs whose other components are at their mean. Drag a line to move the threshold." : ""),
    embeddings:
      `How much each token adds to the value of a ${filter} in the frozen network, minus the mean over all tokens. ` +
      "Purple lowers the value, orange raises it.",
    input: "Point at an input to see it here, or click to pin it. Every panel marks it.",
    position: readAt === names.length - 1 ? "the last position" : `position ${names[readAt]}`,
    pattern: data.recorded
      ? "The bars show the mean over all inputs."
      : "The bars show the pattern of the chosen input with the current settings, the strokes the mean over all inputs.",
    neuron:
      `Its value before the ${activation} on every input. The ${activation} ` +
      (data.config.act_fn === "relu" ? "sets negative values (purple) to zero and keeps positive ones (orange)." : "brings large negative values (purple) close to zero and keeps large positive ones (orange)."),
    domain:
      `Each cell is one input: ${cell}.` +
      (data.classes > 2 ? " Classes run from dark blue to yellow." : "") +
      ` Blue means ${blue}equal; orange means ${orange}different.` +
      (withFilters ? " The values of a filter run from purple through white, which is the threshold, to orange." : ""),
  };
}
