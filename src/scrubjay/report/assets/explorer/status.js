// What the page has run, and whether it is still at work.

import { element, setText } from "./elements.js";
import { agreement } from "./gallery.js";

export class Status {
  constructor(scene) {
    this.scene = scene;
    this.root = element("p", { class: "sj-status", role: "status" });
  }

  draw() {
    const { isBusy, answer, size, isRecorded } = this.scene;
    if (isRecorded) return setText(this.root, recordedWords(this.scene));
    let words = "The network is running on every input …";
    if (!isBusy && answer) {
      const differ = this.#differing();
      words = `This page ran the network on all ${size.toLocaleString("en")} inputs in ${Math.max(1, Math.round(answer.ms))} ms.`;
      if (differ !== null) words += ` Answers that differ from those of the analysis: ${differ}.`;
    }
    setText(this.root, words);
    this.root.classList.toggle("sj-busy", isBusy);
  }

  /** How many answers differ from those of the analysis, or null if the analysis did not run these settings. */
  #differing() {
    const { answer, answered, network, views } = this.scene;
    const isWhole = answered.fraction === 1 && answered.count === network.config.d_mlp && answered.move.every((value) => value === 0);
    const view = { 0: views.frozen, 1: views.full }[answered.t];
    if (!isWhole || !view) return null;
    return Math.round((1 - agreement(answer.classes, view.classes)) * answer.classes.length);
  }

  stop() {}
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
