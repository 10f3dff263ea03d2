// One neuron: what it gets before its ReLU, over the domain.

import { bySign, largest } from "./colours.js";
import { element, percent, short } from "./elements.js";
import { DomainImage } from "./image.js";

export class NeuronPanel {
  constructor(scene, grid) {
    this.scene = scene;
    const { d_mlp } = scene.network.config;
    this.number = element("input", {
      type: "number", min: 0, max: d_mlp - 1, step: 1, "data-key": "neuron",
      onchange: () => this.#choose(Number(this.number.value), d_mlp),
    });
    this.image = new DomainImage(scene, grid, "mlp_pre", "what the neuron gets before its ReLU on every input");
    this.note = element("p", { class: "sj-explained" });
    const step = (by, name) => element("button", { type: "button", onclick: () => this.#step(by) }, name);
    const choice = element("p", { class: "sj-axes" }, element("label", {}, "neuron ", this.number), step(-1, "one that adds more"), step(1, "one that adds less"));
    this.root = element("div", { class: "sj-neuron" }, choice, this.image.root, this.note);
  }

  #choose(neuron, count) {
    if (Number.isInteger(neuron) && neuron >= 0 && neuron < count) this.scene.set({ neuron });
    else this.number.value = this.scene.settings.neuron;
  }

  #step(by) {
    const { order } = this.scene.view;
    const at = order.indexOf(this.scene.settings.neuron);
    this.scene.set({ neuron: order[(at + by + order.length) % order.length] });
  }

  draw(mlpPre) {
    const { neuron } = this.scene.settings;
    const { order } = this.scene.view;
    const limit = largest(mlpPre);
    this.image.draw(bySign(mlpPre, limit), `±${short(limit)}`);
    if (document.activeElement !== this.number) this.number.value = neuron;
    const live = mlpPre.reduce((sum, value) => sum + Number(value > 0), 0) / mlpPre.length;
    this.note.textContent =
      `Neuron ${neuron} goes through on ${percent(live)} of the inputs. ` +
      `By how much what it adds to the answer varies, it is number ${order.indexOf(neuron) + 1} of ${order.length}.`;
  }

  stop() {
    this.image.stop();
  }
}
