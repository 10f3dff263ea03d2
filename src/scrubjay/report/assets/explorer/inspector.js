// One input spelled out: tokens, labels, margin, filter values.

import { element, letter, setText, short } from "./elements.js";

export class Inspector {
  constructor(scene) {
    this.scene = scene;
    this.title = element("p", { class: "sj-inspector-title" });
    this.body = element("tbody");
    this.root = element(
      "div",
      { class: "sj-inspector", "aria-live": "polite" },
      this.title,
      element("table", {}, this.body),
    );
  }

  /** With what the other panels show already. */
  draw(values, gated, mlpPre) {
    Object.assign(this, { values, gated, mlpPre });
    const { scene } = this;
    const input = scene.shown;
    const names = this.#names();
    if (this.body.dataset.names !== names.join()) {
      this.body.dataset.names = names.join();
      this.cells = names.map(() => element("td"));
      this.body.replaceChildren(
        ...names.map((name, k) => element("tr", {}, element("th", { scope: "row" }, name), this.cells[k])),
      );
    }
    setText(this.title, input === null ? "No input chosen" : this.#title(input));
    names.forEach((name, k) => setText(this.cells[k], input === null ? "·" : this.#tell(name, input)));
  }

  #title(input) {
    const { network, settings } = this.scene;
    const tokens = network.positions.map((tokens, at) => `${letter(at)} = ${tokens[network.choices[at][input]]}`);
    return tokens.join(", ") + (settings.hovered === null ? " (pinned)" : "");
  }

  #names() {
    const { scene } = this;
    const names = [];
    if (scene.truth) names.push("ground truth");
    names.push("full network", "frozen network", "as set now", scene.data.reading.kind === "margin" ? "margin now" : "lead now");
    for (const name of scene.view.filters?.names ?? []) names.push(`filter ${name}`);
    if (scene.view.filters) names.push(scene.view.filters.gate);
    if (scene.train) names.push("half");
    names.push(`neuron ${scene.settings.neuron}`);
    return names;
  }

  #tell(name, input) {
    const { scene, values } = this;
    const told = (k) => (k < 0 ? "in no class" : `class ${k}`);
    if (name === "ground truth") return told(scene.truth[input]);
    if (name === "full network") return told(scene.views.full.classes[input]);
    if (name === "frozen network") return told(scene.views.frozen.classes[input]);
    if (name === "as set now") return told(scene.classes()[input]);
    if (name.endsWith(" now")) return scene.answer ? short(scene.answer.margins[input]) : "…";
    if (name === "half") return scene.train[input] ? "training" : "test";
    if (name.startsWith("neuron")) return `mlp_pre ${short(this.mlpPre[input])}`;
    if (name.startsWith("filter ")) {
      const k = scene.view.filters.names.indexOf(name.slice(7));
      return `${values[k][input] > 0 ? "on" : "off"}, ${short(values[k][input])}`;
    }
    return `class ${this.gated[input]}`;
  }
}
