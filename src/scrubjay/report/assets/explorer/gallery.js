// The images of the domain: ground truth, answers, disagreements, and the values and states of the filters.

import { byClass, bySign, byThreshold, changePalette, classPalette, largest } from "./colours.js";
import { element, percent, short } from "./elements.js";
import { DomainImage } from "./image.js";

export class Gallery {
  /** `wanted` holds the beginnings of the names of the images to show; without it, all are shown. */
  constructor(scene, grid, wanted = null) {
    this.wanted = wanted;
    this.scene = scene;
    this.grid = grid;
    this.classes = classPalette(scene.data.classes);
    this.binary = classPalette(2);
    this.changes = changePalette();
    this.images = {};
    this.painted = {};
    this.root = element("div", { class: "sj-gallery" });
  }

  /** `values` of each filter, and the output of the gate for them (null without filters). */
  draw({ values, gated }) {
    const all = [...this.#labels(), ...this.#filters(values, gated)];
    const shown = this.wanted ? all.filter(({ name }) => this.wanted.some((start) => name.startsWith(start))) : all;
    const wanted = shown.map(({ name }) => name).join();
    if (this.root.dataset.names !== wanted) {
      this.root.dataset.names = wanted;
      for (const { name, tells } of shown) this.images[name] ??= new DomainImage(this.scene, this.grid, name, tells);
      this.root.replaceChildren(...shown.map(({ name }) => this.images[name].root));
    }
    for (const { name, colours, note } of shown) this.images[name].draw(colours, note);
  }

  #labels() {
    const { scene, classes, changes } = this;
    const { truth } = scene;
    const [full, frozen] = [scene.views.full.classes, scene.views.frozen.classes];
    const now = scene.classes();
    const right = (answers) => (truth ? `${percent(agreement(answers, truth))} correct` : "");
    const answers = (name, source, tells, note) => ({ name, tells, note, colours: this.#once(name, source, () => byClass(source, classes)) });
    const images = [
      answers("full network", full, "its answers", right(full)),
      answers("frozen network", frozen, "its answers", right(frozen)),
      {
        name: "full ≠ frozen",
        tells: "where they disagree",
        note: `${percent(agreement(full, frozen))} agree`,
        colours: this.#once("full ≠ frozen", frozen, () => byClass(differing(full, frozen), changes)),
      },
      ...(scene.isRecorded ? [] : [answers("current settings", now, "answers with the current settings", right(now))]),
    ];
    if (!truth) return images;
    const [name, whose] = scene.isRecorded ? ["errors", "of the full network"] : ["current errors", "with the current settings"];
    const wrong = this.#once(name, now, () => byClass(differing(now, truth), changes));
    return [
      answers("ground truth", truth, "the right class", ""),
      ...images,
      { name, tells: `where the answers ${whose} are wrong`, note: "", colours: wrong },
    ];
  }

  #filters(values, gated) {
    const { filters } = this.scene.view;
    if (!filters) return [];
    const { binary } = this;
    const signed = filters.names.map((name, k) => {
      const limit = largest(values[k]);
      const colours = this.#once(`${name} value`, values[k], () => bySign(values[k], limit));
      return { name: `${name} value`, tells: "distance of each input beyond the threshold", note: `±${short(limit)}`, colours };
    });
    const masks = filters.names.map((name, k) => {
      const colours = this.#once(`mask ${name}`, values[k], () => byThreshold(values[k], binary));
      return { name: `mask ${name}`, tells: "where the filter is on", note: "", colours };
    });
    if (filters.names.length < 2) return [...signed, ...masks];
    const name = `gate ${filters.gate}`; // not "mask": a gate that depends on one filter alone has the filter's name
    const note = `${percent(agreement(gated, this.scene.classes()))} agree`;
    const colours = this.#once(name, gated, () => byClass(gated, binary));
    return [...signed, ...masks, { name, tells: "where the gate gives class 1", note, colours }];
  }

  /** Paint an image again only if its source is another array. */
  #once(name, source, paint) {
    if (this.painted[name]?.source !== source) this.painted[name] = { source, colours: paint() };
    return this.painted[name].colours;
  }

  stop() {
    for (const image of Object.values(this.images)) image.stop();
  }
}

/** The share of inputs on which two arrays are equal. */
export function agreement(a, b) {
  let equal = 0;
  for (let i = 0; i < a.length; i++) equal += Number(a[i] === b[i]);
  return equal / a.length;
}

/** 1 where two arrays differ, 0 elsewhere. */
export function differing(a, b) {
  const out = new Int16Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = a[i] === b[i] ? 0 : 1;
  return out;
}
