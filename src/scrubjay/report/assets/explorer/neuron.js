// One neuron: its value before the activation, on every input.

import { ACTIVATION_NAMES } from "./activation.js";
import { bySign, largest } from "./colours.js";
import { element, percent, setText, short } from "./elements.js";
import { DomainImage } from "./image.js";

export class NeuronPanel {
  constructor(scene, grid) {
    this.scene = scene;
    const { d_mlp, act_fn } = scene.network.config;
    const activation = ACTIVATION_NAMES[act_fn];
    this.verb = act_fn === "relu" ? "active" : "above zero";
    this.number = element("input", {
      type: "number", min: 0, max: d_mlp - 1, step: 1, "data-key": "neuron",
      onchange: () => this.#choose(Number(this.number.value), d_mlp),
    });
    this.image = new DomainImage(scene, grid, "mlp_pre", `the value of the neuron before its ${activation} on every input`);
    this.note = element("p", { class: "sj-explained" });
    const step = (by, name) => element("button", { type: "button", onclick: () => this.#step(by) }, name);
    const choice = element("p", { class: "sj-axes" }, element("label", {}, "neuron ", this.number), step(-1, "larger contribution"), step(1, "smaller contribution"));
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

  draw({ mlpPre }) {
    const { neuron } = this.scene.settings;
    const { order } = this.scene.view;
    if (this.painted?.mlpPre !== mlpPre) {
      const limit = largest(mlpPre);
      this.painted = { mlpPre, colours: bySign(mlpPre, limit), note: `±${short(limit)}` };
    }
    this.image.draw(this.painted.colours, this.painted.note);
    if (document.activeElement !== this.number) this.number.value = neuron;
    let live = 0;
    for (let i = 0; i < mlpPre.length; i++) live += Number(mlpPre[i] > 0);
    const words =
      `Neuron ${neuron} is ${this.verb} on ${percent(live / mlpPre.length)} of the inputs. Ranked by how much its ` +
      `contribution to the answer varies, it is number ${order.indexOf(neuron) + 1} of ${order.length}.`;
    setText(this.note, words);
  }

  stop() {
    this.image.stop();
  }
}
