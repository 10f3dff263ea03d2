// What the panels show: everything that follows from the network, the analysis and the reader's settings. Values that
// are linear in resid_mid are computed at once. Values that need the MLP come from the Worker, and the last answer is
// shown until the next one arrives.

import { Answers } from "./answers.js";
import { decode } from "./decode.js";
import { InnerNetwork } from "./inner.js";
import { Network, dot } from "./network.js";

const MOST_KEPT = 40; // projections of one view

export class Scene {
  /**
   * @param {object} data the portrait, as `portrait_json` writes it.
   * @param {() => void} changed is called whenever there is something new to draw.
   */
  constructor(data, changed) {
    this.data = data;
    this.network = new Network(data);
    this.domain = this.network;
    this.size = this.network.size;
    this.truth = decode(data.labels);
    this.train = decode(data.train);
    this.views = Object.fromEntries(data.views.map((view) => [view.name, new View(view, this.network)]));
    this.changed = changed;
    this.isBusy = false;
    this.settings = this.initial();
    this.answer = null;
    this.answered = null;
    this.answers = new Answers(
      data,
      (answer, asked) => this.#arrived(answer, asked),
      (busy) => {
        this.isBusy = busy;
        this.changed();
      },
    );
    this.#ask();
  }

  /** The settings that a reader finds at the start. */
  initial() {
    const [first] = this.data.views;
    return {
      view: first.name,
      t: 1,
      fraction: 1,
      count: this.network.config.d_mlp,
      order: "contribution",
      direction: first.filters ? "0" : "random",
      length: 0,
      seed: 1,
      colour: "now",
      x: "mid0",
      y: secondAxis(this.views[first.name]),
      neuron: this.views[first.name].order[0] ?? null, // null: the network has no neurons
      moved: Object.fromEntries(
        this.data.views.map((view) => [view.name, view.filters ? view.filters.names.map(() => 0) : []]),
      ),
      off: [], // parts of the inner network that are held at their mean
      pinned: null,
      hovered: null,
    };
  }

  /** The network inside the network, or null if there is none to run. It is made when it is first asked for. */
  get inner() {
    this.madeInner ??= this.data.inner ? new InnerNetwork(this.data) : null;
    return this.madeInner;
  }

  /** Change some settings. The panels are drawn again, and the Worker is asked if the answers depend on the change. */
  set(patch) {
    const before = this.#question();
    if (patch.view && patch.view !== this.settings.view && patch.t === undefined)
      patch = { ...patch, t: patch.view === "frozen" ? 0 : 1 };
    this.settings = { ...this.settings, ...patch };
    this.#keepWithinView();
    if (this.#question() !== before) this.#ask();
    this.changed();
  }

  /** The other network may have fewer filters. A setting that refers to one that it lacks gets another value. */
  #keepWithinView() {
    const keys = this.axes().map(({ key }) => key);
    const { x, y, direction } = this.settings;
    if (!keys.includes(x)) this.settings.x = "mid0";
    if (!keys.includes(y)) this.settings.y = secondAxis(this.view);
    if (direction !== "random" && !this.view.filters?.names[direction]) this.settings.direction = "random";
  }

  /** The network, full or frozen, whose components and filters are shown. */
  get view() {
    return this.views[this.settings.view];
  }

  /** The input that the reader looks at: the one under the pointer, else the pinned one, else null. */
  get shown() {
    return this.settings.hovered ?? this.settings.pinned;
  }

  /** The settings that the answers depend on, as a string. */
  #question() {
    const { view, t, fraction, count, order, direction, length, seed } = this.settings;
    return JSON.stringify([view, t, fraction, count, order, ...(length ? [direction, length, seed] : [])]);
  }

  #ask() {
    const { t, fraction, count } = this.settings;
    const planes = this.view.post?.components ?? [];
    this.answers.ask({ t, move: this.move(), order: this.order(), count, fraction, planes, view: this.settings.view });
  }

  #arrived(answer, asked) {
    this.answer = answer;
    this.answered = asked;
    this.changed();
  }

  /** The order in which neurons are added. */
  order() {
    return this.settings.order === "index" ? this.view.byIndex : this.view.order;
  }

  /** The unit vector along which resid_mid is shifted. */
  direction() {
    const { direction, seed } = this.settings;
    if (direction === "random") return randomUnit(this.network.config.d_model, seed);
    return this.view.filters.directions[Number(direction)];
  }

  /** The vector that is added to resid_mid. */
  move() {
    const { length } = this.settings;
    if (!length) return new Float64Array(this.network.config.d_model);
    return this.direction().map((value) => length * value);
  }

  /** The class of each answer with the current settings, or before the first answer, that of the unchanged network. */
  classes() {
    return this.answer ? this.answer.classes : this.view.classes;
  }

  /** The axes that the plane may have, each as {key, label}. */
  axes() {
    const axes = [];
    for (const [site, key] of [
      ["resid_mid", "mid"],
      ["resid_post", "post"],
    ])
      this.view[key]?.components.forEach((_, k) => {
        const share = (100 * this.view[key].explained[k]).toFixed(1);
        axes.push({ key: `${key}${k}`, label: `component ${k + 1} of ${site} (${share}% of variance)` });
      });
    this.view.filters?.names.forEach((name, k) =>
      axes.push({ key: `filter${k}`, label: `filter ${name}: distance of resid_mid beyond the fitted threshold` }),
    );
    return axes;
  }

  /** The coordinate of each input on an axis, with the current settings. */
  coordinates(key) {
    const { fraction, length } = this.settings;
    const { site, vector, origin } = this.view.axis(key);
    const moved = length ? length * dot(this.direction(), vector) : 0;
    const out = this.#between(this.view.projection(key), moved - origin);
    if (site !== "post") return out;
    const added = this.mlpOut(Number(key.slice(4)));
    for (let i = 0; i < out.length; i++) out[i] += fraction * added[i];
    return out;
  }

  /** The least and the largest coordinate on an axis, with the mean pattern and with each input's own. */
  extent(key) {
    const { origin } = this.view.axis(key);
    const { at0, at1 } = this.view.projection(key);
    let [low, high] = [Infinity, -Infinity];
    for (const ends of [at0, at1])
      for (const value of ends) [low, high] = [Math.min(low, value - origin), Math.max(high, value - origin)];
    return [low, high];
  }

  /** A projection with the current attention, plus a constant. */
  #between({ at0, at1 }, added) {
    const { t } = this.settings;
    const out = new Float64Array(this.size);
    for (let i = 0; i < out.length; i++) out[i] = at0[i] + t * (at1[i] - at0[i]) + added;
    return out;
  }

  /** mlp_out along a component of resid_post from the last answer, or zeros if that was for the other view. */
  mlpOut(k) {
    const isOurs = this.answered?.view === this.settings.view;
    return isOurs ? this.answer.mlpOut[k] : new Float64Array(this.size);
  }

  /** How far each input lies beyond the threshold of each filter, with thresholds where the reader has moved them. */
  filterValues() {
    const names = this.view.filters?.names ?? [];
    return names.map((_, k) => {
      const values = this.coordinates(`filter${k}`);
      const by = this.settings.moved[this.settings.view][k];
      for (let i = 0; i < values.length; i++) values[i] -= by;
      return values;
    });
  }

  /** The change of settings that moves the threshold of filter `k` in the current view to `by` beyond the fitted one. */
  withThreshold(k, by) {
    const { view, moved } = this.settings;
    return { moved: { ...moved, [view]: moved[view].with(k, by) } };
  }

  /** The largest distance of any input from the fitted threshold of filter `k`, in either view: the range of its slider. */
  reach(k) {
    let most = 0;
    for (const view of Object.values(this.views)) {
      if (!view.filters?.names[k]) continue;
      const { at0, at1 } = view.projection(`filter${k}`);
      const threshold = view.filters.thresholds[k];
      for (const values of [at0, at1]) for (const value of values) most = Math.max(most, Math.abs(value - threshold));
    }
    return most;
  }

  /** The output of the gate, 0 or 1, for the values of the filters. */
  gate(values) {
    const { table } = this.view.filters;
    const out = new Int16Array(this.size);
    for (let i = 0; i < out.length; i++) {
      let row = 0;
      for (let k = 0; k < values.length; k++) row = 2 * row + (values[k][i] > 0 ? 1 : 0);
      out[i] = table[row];
    }
    return out;
  }

  /** mlp_pre of the chosen neuron with the current settings, or null if the network has no neurons. */
  mlpPre() {
    const { neuron } = this.settings;
    if (neuron === null) return null;
    const moved = dot(this.move(), this.network.reads(neuron)) + this.network.weights.b_in[neuron];
    return this.#between(this.view.neuron(neuron), moved);
  }

  /** The attention pattern of an input with the current settings, [s, h]; for null, the mean over all inputs. */
  pattern(i) {
    const { mean, full } = this.network;
    if (i === null) return mean;
    const width = mean.length;
    return mean.map((value, k) => value + this.settings.t * (full[i * width + k] - value));
  }

  /** The mean pattern over all inputs, [s, h], for comparison with the pattern of an input. */
  get meanPattern() {
    return this.network.mean;
  }

  /** Resolves when every question has been answered. */
  whenIdle() {
    return this.answers.whenIdle();
  }

  stop() {
    this.answers.stop();
  }
}

/** The analysis of one of the two networks, full or frozen: components, filters, and the order of its neurons. */
class View {
  constructor(packed, network) {
    this.network = network;
    this.name = packed.name;
    this.classes = decode(packed.classes);
    this.order = decode(packed.order);
    this.byIndex = Int32Array.from(this.order, (_, i) => i);
    const { d_model: d } = network.config;
    const rows = (array) => Array.from({ length: array.length / d }, (_, k) => array.subarray(k * d, (k + 1) * d));
    const site = (pca) => pca && { ...pca, components: rows(decode(pca.components)), mean: decode(pca.mean) };
    this.mid = site(packed.mid);
    this.post = site(packed.post);
    this.filters = packed.filters && {
      ...packed.filters,
      directions: rows(decode(packed.filters.directions)),
      thresholds: decode(packed.filters.thresholds),
    };
    this.kept = new Map();
  }

  /** An axis by its key: the site that it belongs to, its vector, and the projection that is its zero. */
  axis(key) {
    const k = Number(key.replace(/\D+/, ""));
    if (key.startsWith("filter"))
      return { site: "mid", vector: this.filters.directions[k], origin: this.filters.thresholds[k] };
    const site = key.startsWith("post") ? "post" : "mid";
    const vector = this[site].components[k];
    return { site, vector, origin: dot(vector, this[site].mean) };
  }

  /** resid_mid along an axis, with the mean pattern and with each input's own. Other values of t interpolate linearly. */
  projection(key) {
    return this.#both(key, this.axis(key).vector);
  }

  /** The same along the direction that a neuron reads. */
  neuron(neuron) {
    return this.#both(`neuron${neuron}`, this.network.reads(neuron));
  }

  /** Projections are kept, up to `MOST_KEPT` of them. */
  #both(key, vector) {
    if (!this.kept.has(key)) {
      if (this.kept.size >= MOST_KEPT) this.kept.delete(this.kept.keys().next().value);
      this.meanPattern ??= this.network.blended(0);
      this.kept.set(key, {
        at0: this.network.project(vector, this.meanPattern),
        at1: this.network.project(vector, this.network.full),
      });
    }
    return this.kept.get(key);
  }
}

/** The vertical axis where the reader has chosen none: the second component, or the first if there is only one. */
const secondAxis = (view) => (view.mid.components.length > 1 ? "mid1" : "mid0");

/** A random unit vector that is determined by the seed (mulberry32 and the Box-Muller transform). */
export function randomUnit(d, seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return (((z ^ (z >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
  const vector = Float64Array.from({ length: d }, () =>
    Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
  const length = Math.sqrt(dot(vector, vector));
  return vector.map((value) => value / length);
}
