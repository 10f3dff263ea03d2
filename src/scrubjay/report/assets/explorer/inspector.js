// One input in words and numbers: its tokens, classes, margin and filter values.

import { element, setText, short } from "./elements.js";

const MOST_NAMED = 6; // positions; of longer inputs the tokens alone are shown

export class Inspector {
  /** In brief, it tells nothing of filters, neurons and settings. */
  constructor(scene, isBrief = false) {
    this.scene = scene;
    this.isBrief = isBrief;
    this.title = element("p", { class: "sj-inspector-title" });
    this.body = element("tbody");
    this.root = element(
      "div",
      { class: "sj-inspector", "aria-live": "polite" },
      this.title,
      element("table", {}, this.body),
    );
  }

  /** Show the chosen input, with what other panels have computed for all inputs. */
  draw({ values, gated, mlpPre }) {
    const { scene } = this;
    const input = scene.shown;
    const rows = this.#rows(values, gated, mlpPre);
    const names = rows.map(([name]) => name);
    if (this.body.dataset.names !== names.join()) {
      this.body.dataset.names = names.join();
      this.cells = names.map(() => element("td"));
      this.body.replaceChildren(
        ...names.map((name, k) => element("tr", {}, element("th", { scope: "row" }, name), this.cells[k])),
      );
    }
    setText(this.title, input === null ? "No input chosen: point at one" : this.#title(input));
    rows.forEach(([, tell], k) => setText(this.cells[k], input === null ? "·" : tell(input)));
  }

  #title(input) {
    const { domain, settings } = this.scene;
    const tokens = domain.names.map((_, at) => domain.token(input, at));
    const isLong = tokens.length > MOST_NAMED;
    const words = isLong ? tokens.join(" ") : tokens.map((token, at) => `${domain.names[at]}: ${token}`).join(", ");
    return words + (settings.hovered === null ? " (pinned)" : "");
  }

  /** The rows of the table, each with its name and what it says about an input. */
  #rows(values, gated, mlpPre) {
    const { scene } = this;
    const { truth, train, views, answer, settings } = scene;
    const { filters } = scene.view;
    const asClass = (classes) => (i) => (classes[i] < 0 ? "in no class" : `class ${classes[i]}`);
    const rows = [];
    if (truth) rows.push(["ground truth", asClass(truth)]);
    rows.push(["full network", asClass(views.full.classes)]);
    if (this.isBrief) return train ? [...rows, ["split", (i) => (train[i] ? "training set" : "test set")]] : rows;
    rows.push(["frozen network", asClass(views.frozen.classes)]);
    if (!scene.isRecorded) {
      rows.push(["current settings", asClass(scene.classes())]);
      const margin = scene.data.reading.kind === "margin" ? "margin of class 1" : "lead of the answer";
      rows.push([margin, (i) => (answer ? short(answer.margins[i]) : "…")]);
    }
    filters?.names.forEach((name, k) =>
      rows.push([`filter ${name}`, (i) => `${values[k][i] > 0 ? "on" : "off"}, ${short(values[k][i])}`]),
    );
    if (filters) rows.push([`gate ${filters.gate}`, asClass(gated)]);
    if (train) rows.push(["split", (i) => (train[i] ? "training set" : "test set")]);
    if (mlpPre) rows.push([`neuron ${settings.neuron}`, (i) => `mlp_pre ${short(mlpPre[i])}`]);
    return rows;
  }

  stop() {}
}
