// The settings as ordinary form controls, which work by keyboard and with assistive technology.

import { element, percent, setText } from "./elements.js";

const SPEEDS = [0.25, 0.5, 1, 2, 4];
const SECONDS = 6; // the time in which an animation at speed 1 covers the range of a slider

export class Controls {
  /**
   * `groups` names the groups of settings to show, of `show`, `network`, `attention`, `mlp`, `shift` and
   * `thresholds`.
   */
  constructor(scene, groups) {
    this.scene = scene;
    this.sliders = [];
    this.selects = [];
    this.playing = null;
    this.speed = element("select", { class: "sj-speed", "aria-label": "speed of animations" }, ...SPEEDS.map((k) => element("option", { value: k, selected: k === 1 }, `×${k}`)));
    const axis = (key, name) => element("label", {}, `${name} `, this.#choice(key, () => scene.axes().map(({ key: axis, label, choice = label }) => [axis, choice])));
    const line = (...choices) => element("p", { class: "sj-axes" }, ...choices);
    const site = scene.isRecorded ? [line(element("label", {}, "site ", this.#choice("site", () => scene.sites())))] : [];
    this.axes = element("div", {}, ...site, line(axis("x", "x axis"), axis("y", "y axis")));
    this.root = element("div", { class: "sj-controls" }, ...groups.filter((name) => name === "show" || !scene.isRecorded).map((name) => this.#groupNamed(name)));
  }

  #groupNamed(name) {
    const { scene } = this;
    if (name === "show")
      return this.#group(
        "Show",
        this.#select("colour", "colour of the points", () => [
          ["now", scene.isRecorded ? "answers" : "current answers"],
          ...(scene.truth ? [["truth", "ground truth"], ["error", "correct or wrong"]] : []),
          ...(scene.train ? [["split", "training or test set"]] : []),
        ]),
        ...(scene.isRecorded ? [] : [element("label", { class: "sj-control" }, element("span", {}, "speed of animations"), this.speed)]),
        element("button", { type: "button", class: "sj-reset", onclick: () => this.#reset() }, "Reset all"),
      );
    if (name === "thresholds") return this.#thresholds();
    if (name === "network")
      return this.#group(
        "Network",
        this.#select("view", "components and filters of the", () => [
          ["full", "full network"],
          ["frozen", "frozen network"],
        ]),
        this.#attention(),
      );
    if (name === "attention") return this.#group("Attention", this.#attention());
    if (name === "mlp") return this.#mlp();
    return this.#group(
      "Shift of resid_mid",
      this.#slider("length", "length of the shift", { min: -10, max: 10, step: 0.1 }),
      this.#select("direction", "direction of the shift", () => [
        ...(scene.view.filters?.names ?? []).map((filter, k) => [String(k), `filter ${filter}`]),
        ["random", "random"],
      ]),
      this.#number("seed", "seed of the random direction"),
    );
  }

  #attention() {
    return this.#slider("t", "attention t, from the mean pattern (0) to each input's own (1)", { min: 0, max: 1, step: 0.01 });
  }

  #mlp() {
    const { d_mlp, attn_only } = this.scene.network.config;
    if (attn_only) return "";
    return this.#group(
      "MLP",
      this.#slider("fraction", "share of mlp_out that is added to the residual stream", { min: 0, max: 1, step: 0.01 }),
      ...(d_mlp ? this.#neurons(d_mlp) : []),
    );
  }

  #neurons(count) {
    return [
      this.#slider("count", `number of neurons used, of ${count}`, { min: 0, max: count, step: 1 }),
      this.#select("order", "neurons used first", () => [
        ["contribution", "largest contribution"],
        ["index", "smallest index"],
      ]),
    ];
  }

  #group(name, ...children) {
    return element("fieldset", { class: "sj-group" }, element("legend", {}, name), ...children);
  }

  #select(key, label, choices) {
    return element("label", { class: "sj-control" }, element("span", {}, label), this.#choice(key, choices));
  }

  /** A select whose choices may depend on the settings. */
  #choice(key, choices) {
    const select = element("select", { "data-key": key, onchange: () => this.#set({ [key]: select.value }) });
    this.selects.push({ key, select, choices });
    return select;
  }

  #slider(key, label, range) {
    const input = element("input", {
      type: "range", "data-key": key, ...range, oninput: () => this.#set({ [key]: Number(input.value) }),
    });
    const told = element("output", {});
    this.sliders.push({ read: (settings) => settings[key], input, told, digits: range.step < 1 ? 2 : 0 });
    const line = [element("span", {}, label), input, told];
    const slider = element("label", { class: "sj-control sj-slider" }, ...line);
    return element("div", { class: "sj-line" }, slider, this.#playButton(key, label, input));
  }

  #number(key, label) {
    const input = element("input", {
      type: "number", min: 0, step: 1, "data-key": key,
      onchange: () => Number.isInteger(Number(input.value)) && this.#set({ [key]: Number(input.value) }),
    });
    this.sliders.push({ read: (settings) => settings[key], input, told: null });
    return element("label", { class: "sj-control" }, element("span", {}, label), input);
  }

  #thresholds() {
    const { scene } = this;
    const most = Math.max(0, ...scene.data.views.map((view) => view.filters?.names.length ?? 0));
    if (!most) return "";
    const lines = Array.from({ length: most }, (_, k) => {
      const reach = scene.reach(k);
      const read = (settings) => settings.moved[settings.view][k];
      const input = element("input", {
        type: "range", min: -reach, max: reach, step: "any", "data-key": `threshold${k}`,
        oninput: () => this.#set(scene.withThreshold(k, Number(input.value))),
      });
      const told = element("output", {});
      const name = scene.data.views.map((view) => view.filters?.names[k]).find(Boolean);
      const line = element("label", { class: "sj-control sj-slider" }, element("span", {}, `threshold of filter ${name}, moved by`), input, told);
      this.sliders.push({ read, input, told, digits: 2, line });
      return line;
    });
    this.told = element("p", { class: "sj-agreement", "aria-live": "polite" });
    return this.#group("Thresholds", ...lines, this.told);
  }

  #playButton(key, label, input) {
    const button = element("button", { type: "button", class: "sj-play", "aria-label": `animate: ${label}`, "data-plays": key }, "▶");
    button.addEventListener("click", () => (this.playing?.key === key ? this.pause() : this.#play(key, input, button)));
    return button;
  }

  #play(key, input, button) {
    this.scene.player?.pause();
    this.scene.player = this;
    const [low, high] = [Number(input.min), Number(input.max)];
    const now = this.scene.settings[key];
    let value = now >= high ? low : now;
    let last = performance.now();
    this.playing = { key, button };
    button.textContent = "❚❚";
    const frame = (time) => {
      if (this.playing?.key !== key) return;
      value += ((high - low) * Math.max(0, time - last) * Number(this.speed.value)) / (1000 * SECONDS);
      last = time;
      const step = Number(input.step);
      this.scene.set({ [key]: Math.min(high, step === 1 ? Math.round(value) : value) });
      if (value >= high) this.pause();
      else this.playing.frame = requestAnimationFrame(frame);
    };
    this.playing.frame = requestAnimationFrame(frame);
  }

  pause() {
    if (!this.playing) return;
    cancelAnimationFrame(this.playing.frame);
    this.playing.button.textContent = "▶";
    this.playing = null;
  }

  #set(patch) {
    this.pause();
    this.scene.set(patch);
  }

  #reset() {
    this.pause();
    const { pinned } = this.scene.settings;
    this.scene.set({ ...this.scene.initial(), pinned });
  }

  /** `agree` is the agreement of the gate with the answers for the current settings, or null without filters. */
  draw({ agree }) {
    const { settings, view } = this.scene;
    for (const { key, select, choices } of this.selects) {
      const wanted = choices();
      const names = wanted.map(([value, name]) => `${value}:${name}`).join();
      if (select.dataset.choices !== names) {
        select.dataset.choices = names;
        select.replaceChildren(...wanted.map(([value, name]) => element("option", { value }, name)));
      }
      select.value = settings[key];
    }
    for (const { read, input, told, digits, line } of this.sliders) {
      const value = read(settings);
      if (line) line.hidden = value === undefined;
      if (value === undefined) continue;
      if (document.activeElement !== input || input.type === "range") input.value = value;
      if (told) told.textContent = value.toFixed(digits).replace("-", "−");
    }
    if (agree === null || !this.told) return;
    const { gate, agreement: fitted } = view.filters;
    const words = `The gate ${gate} agrees with ${percent(agree)} of the answers with the current settings`;
    setText(this.told, `${words} (as fitted: ${percent(fitted)}).`);
  }

  stop() {
    this.pause();
  }
}
