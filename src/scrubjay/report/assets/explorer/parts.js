// The network inside the network, whole: each head as curves over its tokens, each neuron as an image over the domain,
// and their sum. Every part can be switched off, and an image shows which answers need it.

import { byClass, bySign, changePalette, classPalette, largest } from "./colours.js";
import { Curves, LINES } from "./curves.js";
import { element, percent, setText, short } from "./elements.js";
import { DomainImage } from "./image.js";

const STEP = 1400; // milliseconds between two parts when the reader watches the network being put together
const MOST = 12; // neurons that are drawn; the others are counted

export class PartsPanel {
  /** In brief, the parts have no switches, and there are no images of the answers that need each part. */
  constructor(scene, grid, theme, isBrief) {
    Object.assign(this, { scene, grid, theme, isBrief });
    this.label = isBrief ? "▶ Start the live network: put it together, part by part" : "▶ Put it together, part by part";
    this.inner = scene.inner;
    this.palette = classPalette(scene.data.classes);
    this.changes = changePalette();
    this.curves = [];
    this.images = {};
    this.boxes = {};
    this.isBinary = this.inner.shares !== null;
    const { heads, hinges } = this.inner;
    this.shown = hinges.slice(0, MOST);
    this.status = element("p", { class: "sj-parts-status", "aria-live": "polite" });
    this.play = element("button", { type: "button", class: "sj-primary", onclick: () => this.toggle() }, this.label);
    const all = element("button", { type: "button", onclick: () => this.#set([]) }, "All parts on");
    const cards = (name, kind, ...made) => [element(isBrief ? "p" : "h3", { class: "sj-parts-title" }, name), element("div", { class: `sj-cards ${kind}` }, ...made)];
    this.root = element(
      "div",
      { class: `sj-parts${isBrief ? " sj-brief" : ""}` },
      ...(isBrief ? [] : [element("p", { class: "sj-parts-line" }, this.play, all)]),
      ...cards(`${counted(heads.length, "head")}: how loud each token is, and what it says`, "sj-head-cards", ...heads.map((head, k) => this.#headCard(head, k))),
      ...cards(this.#neuronsInWords(), "", ...this.#linearCard(), ...this.shown.map((hinge, k) => this.#hingeCard(hinge, k))),
      ...cards(this.isBinary ? "Their sum, and its sign: the answers" : "The answers", "", ...this.#sums()),
      this.status,
      ...(isBrief ? [element("p", { class: "sj-parts-line" }, this.play)] : []),
    );
  }

  #neuronsInWords() {
    const { length } = this.inner.hinges;
    if (this.isBinary) return `${counted(length, "neuron")}${length > MOST ? ` (${MOST} are shown)` : ""} and a straight path: what each adds for class 1 (orange) or against it (purple)`;
    return `${length > MOST ? `${MOST} of its ` : ""}${counted(length, "neuron")}: what each gives on every input`;
  }

  /** The name of a part, with a switch unless in brief. */
  #switch(key, name) {
    if (this.isBrief) return element("span", { class: "sj-switch" }, name);
    const box = element("input", { type: "checkbox", "data-part": key, checked: true, onchange: () => this.#set(box.checked ? this.#off().filter((one) => one !== key) : [...this.#off(), key]) });
    this.boxes[key] = box;
    return element("label", { class: "sj-switch" }, box, ` ${name}`);
  }

  #off() {
    return this.scene.settings.off;
  }

  #set(off) {
    this.pause();
    this.scene.set({ off });
  }

  #headCard({ members, rank }, k) {
    const { scene, grid } = this;
    const at = grid.varying.find((position) => position !== scene.domain.readAt) ?? grid.varying[0];
    const { loud, values } = this.inner.curves(k, at);
    const marked = () => (scene.shown === null ? null : scene.domain.choices[at][scene.shown]);
    const axis = `token ${scene.domain.names[at]}`;
    const curves = [
      new Curves(`head ${k}: its attention score for each token`, [{ values: loud, colour: null }], [axis, "how loud: attention score"], this.theme, marked),
      new Curves(`head ${k}: the values that each token moves`, values.map((line, j) => ({ values: line, colour: LINES[j % LINES.length] })), [axis, `what it says: ${counted(rank, "value")}`], this.theme, marked),
    ];
    this.curves.push(...curves);
    const from = `heads ${members.join(", ")} of the original`;
    return element("div", { class: "sj-card" }, this.#switch(`head${k}`, `head ${k}`), this.#quiet(members.length === 1 ? from.replace("heads", "head") : from), ...curves.map(({ root }) => root));
  }

  #image(key, name, tells) {
    this.images[key] = new DomainImage(this.scene, this.grid, name, tells);
    return this.images[key].root;
  }

  #linearCard() {
    if (!this.isBinary) return [];
    return [element("div", { class: "sj-card" }, element("span", { class: "sj-switch" }, "straight path"), this.#quiet("past the neurons"), this.#image("linear", "adds", "what the coordinates add to the margin directly"))];
  }

  #hingeCard({ neurons }, k) {
    return element(
      "div",
      { class: "sj-card" },
      this.#switch(`hinge${k}`, `neuron ${k}`),
      this.#quiet(`${counted(neurons, "neuron")} of the original`),
      this.#image(`hinge${k}`, this.isBinary ? "adds" : "gives", `what inner neuron ${k} ${this.isBinary ? "adds to the margin of class 1" : "gives"} on every input`),
      ...(this.isBrief ? [] : [this.#image(`need${k}`, "answers that need it", `the inputs whose answer changes if inner neuron ${k} is held at its mean`)]),
    );
  }

  #quiet(words) {
    return this.isBrief ? "" : element("span", { class: "sj-quiet" }, words);
  }

  #sums() {
    const card = (key, name, tells) => element("div", { class: "sj-card" }, this.#image(key, name, tells));
    return [
      ...(this.isBinary ? [card("sum", "sum", "the margin of class 1 that the parts add up to")] : []),
      card("answers", "inner answers", "the answers of the inner network"),
      card("original", "the network's answers", "the answers of the original network"),
      card("differ", "they differ", "where the two networks disagree"),
    ];
  }

  /** Start or stop the show: all neurons off, then on again one after the other. */
  toggle() {
    if (this.timer) {
      this.pause();
      return;
    }
    this.scene.player?.pause();
    this.scene.player = this;
    this.play.textContent = "⏸ Pause";
    const keys = [...this.inner.heads.map((_, k) => `head${k}`), ...this.inner.hinges.map((_, k) => `hinge${k}`)];
    this.scene.set({ off: keys });
    const next = () => {
      const off = this.#off().slice(1);
      this.scene.set({ off });
      if (off.length) this.timer = setTimeout(next, STEP);
      else this.pause();
    };
    this.timer = setTimeout(next, STEP);
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = null;
    this.play.textContent = this.label;
  }

  draw() {
    const { scene, boxes, isBinary } = this;
    const off = this.#off();
    for (const [key, box] of Object.entries(boxes)) box.checked = !off.includes(key);
    for (const curves of this.curves) curves.draw();
    this.#run(off.join(), off);
    const { ran, changed, colours, notes } = this.kept;
    this.shown.forEach((_, k) => {
      this.images[`hinge${k}`].draw(colours.hinges[k], notes.hinges[k]);
      this.images[`need${k}`]?.draw(colours.needs[k], `${percent(changed[k])} of the answers`);
    });
    if (isBinary) {
      this.images.linear.draw(colours.linear, notes.limit);
      this.images.sum.draw(colours.sum, notes.sum);
    }
    const { size } = scene;
    this.images.answers.draw(colours.answers, "");
    this.images.original.draw(colours.original, "");
    this.images.differ.draw(colours.differ, `${ran.differ.toLocaleString("en")} of ${size.toLocaleString("en")}`);
    const parts = off.length ? `With ${counted(off.length, "part")} held at ${off.length === 1 ? "its" : "their"} mean, the` : "The";
    setText(this.status, `${parts} inner network gives the network's answer on ${percent(1 - ran.differ / size)} of the ${size.toLocaleString("en")} inputs.`);
  }

  /** Run the network with these parts off, and paint everything that depends on it. */
  #run(key, off) {
    if (this.kept?.key === key) return;
    const { inner, scene, palette, changes, isBinary } = this;
    const { classes: original } = scene.views.full;
    const ran = inner.run(off);
    const differing = (a, b) => Uint8Array.from(a, (value, i) => Number(value !== b[i]));
    const differ = differing(ran.classes, original);
    const without = (this.isBrief ? [] : this.shown).map((_, k) => {
      const part = `hinge${k}`;
      return differing(ran.classes, inner.run(off.includes(part) ? off.filter((one) => one !== part) : [...off, part]).classes);
    });
    const limit = isBinary ? Math.max(largest(ran.linear), ...ran.hinges.map(largest)) : null;
    const signed = (values) => bySign(values, limit ?? largest(values));
    this.kept = {
      key,
      ran: { ...ran, differ: differ.reduce((sum, one) => sum + one, 0) },
      changed: without.map((some) => some.reduce((sum, one) => sum + one, 0) / some.length),
      colours: {
        hinges: this.shown.map((_, k) => signed(ran.hinges[k])),
        needs: without.map((some) => byClass(some, changes)),
        linear: isBinary ? signed(ran.linear) : null,
        sum: isBinary ? bySign(ran.scores, largest(ran.scores)) : null,
        answers: byClass(ran.classes, palette),
        original: this.kept?.colours.original ?? byClass(original, palette),
        differ: byClass(differ, changes),
      },
      notes: {
        limit: isBinary ? `±${short(limit)}` : "",
        hinges: ran.hinges.map((values) => `±${short(limit ?? largest(values))}`),
        sum: isBinary ? `±${short(largest(ran.scores))}` : "",
      },
    };
  }

  stop() {
    this.pause();
    for (const part of [...this.curves, ...Object.values(this.images)]) part.stop();
  }
}

/** A number with its noun, such as "1 head" or "2 heads". */
const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
