// What the panels show of a network that the page does not run: what the analysis recorded on every input. It answers
// the same questions as a `Scene`, except those that would need a run.

import { decode } from "./decode.js";
import { Domain } from "./domain.js";

export class RecordedScene {
  /**
   * @param {object} data the portrait, as `portrait_json` writes it.
   * @param {() => void} changed is called whenever there is something new to draw.
   */
  constructor(data, changed) {
    this.isRecorded = true;
    this.isBusy = false;
    this.data = data;
    this.changed = changed;
    this.domain = new Domain(data);
    this.size = this.domain.size;
    this.truth = decode(data.labels);
    this.train = decode(data.train);
    this.views = Object.fromEntries(data.views.map(({ name, classes }) => [name, { classes: decode(classes), filters: null }]));
    this.recorded = data.recorded.sites.map(({ name, coordinates, explained }) => ({ name, explained, coordinates: decode(coordinates) }));
    this.patterns = decode(data.recorded.patterns);
    this.settings = this.initial();
  }

  /** The settings that a reader finds at the start: the plane after the last layer. */
  initial() {
    const site = this.recorded.length - 1;
    return {
      site: String(site),
      ...this.#axesOf(site),
      layer: this.data.config.n_layers - 1,
      view: "full",
      colour: "now",
      length: 0,
      neuron: null,
      pinned: null,
      hovered: null,
    };
  }

  #axesOf(site) {
    return { x: `${site}/0`, y: `${site}/${Math.min(1, this.recorded[site].explained.length - 1)}` };
  }

  /** Change some settings. The panels are drawn again. Another site brings its own axes along. */
  set(patch) {
    const isOther = patch.site !== undefined && patch.site !== this.settings.site;
    this.settings = { ...this.settings, ...(isOther ? this.#axesOf(patch.site) : {}), ...patch };
    this.changed();
  }

  /** The full network, whose sites are shown. */
  get view() {
    return this.views.full;
  }

  /** The input that the reader looks at: the one under the pointer, else the pinned one, else null. */
  get shown() {
    return this.settings.hovered ?? this.settings.pinned;
  }

  /** The class of each of the full network's answers. */
  classes() {
    return this.view.classes;
  }

  /** The sites that there are to choose from, each as [value, name]. */
  sites() {
    return this.recorded.map(({ name }, at) => [String(at), name]);
  }

  /** The axes that the plane may have at the chosen site, each as {key, label, choice}: what to call it in a list. */
  axes() {
    const { site } = this.settings;
    const { name, explained } = this.recorded[site];
    return explained.map((share, k) => {
      const part = `${(100 * share).toFixed(1)}%`;
      return { key: `${site}/${k}`, label: `component ${k + 1} of ${name} (${part} of variance)`, choice: `component ${k + 1} (${part})` };
    });
  }

  /** The coordinate of each input on an axis. */
  coordinates(key) {
    const [site, k] = key.split("/").map(Number);
    return this.recorded[site].coordinates.subarray(k * this.size, (k + 1) * this.size);
  }

  /** The least and the largest coordinate on an axis. */
  extent(key) {
    let [low, high] = [Infinity, -Infinity];
    for (const value of this.coordinates(key)) [low, high] = [Math.min(low, value), Math.max(high, value)];
    return [low, high];
  }

  /** The mean pattern of the chosen layer over all inputs, [s, h]. */
  pattern() {
    const { n_heads: h } = this.data.config;
    const s = this.domain.names.length;
    const from = this.settings.layer * h * s;
    return Float64Array.from({ length: s * h }, (_, i) => this.patterns[from + (i % h) * s + Math.floor(i / h)]);
  }

  /** There is no pattern of an input to compare with the mean. */
  get meanPattern() {
    return null;
  }

  filterValues() {
    return [];
  }

  mlpPre() {
    return null;
  }

  /** Nothing is ever awaited. */
  whenIdle() {
    return Promise.resolve();
  }

  stop() {}
}
