// The network inside the network, whole: each head as curves over its tokens, each neuron as an image over the domain,
// and their sum. Every part can be switched off, and an image shows which answers need it.

import { byClass, bySign, changePalette, classPalette, largest } from "./colours.js";
import { Curves, LINES, LINE_NAMES } from "./curves.js";
import { element, percent, setText, short } from "./elements.js";
import { agreement, differing } from "./gallery.js";
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
    this.atRest = this.inner.whole;
    this.limit = this.isBinary ? Math.max(largest(this.atRest.linear), ...this.atRest.hinges.map(largest)) : null;
    this.cards = {};
    this.shown = hinges.slice(0, MOST);
    this.status = element("p", { class: "sj-parts-status", "aria-live": "polite" });
    this.votes = element("p", { class: "sj-votes" });
    this.play = element("button", { type: "button", class: "sj-primary", onclick: () => this.toggle() }, this.label);
    const all = element("button", { type: "button", onclick: () => this.#set([]) }, "All parts on");
    const cards = (name, kind, ...made) => [element(isBrief ? "p" : "h3", { class: "sj-parts-title" }, name), element("div", { class: `sj-cards ${kind}` }, ...made)];
    this.root = element(
      "div",
      { class: `sj-parts${isBrief ? " sj-brief" : ""}` },
      element("p", { class: "sj-parts-line" }, this.play, ...(isBrief ? [] : [all])),
      ...cards(`${counted(heads.length, "head")}, each a group of the network's: how loud a token is, and what it says`, "sj-head-cards", ...heads.map((head, k) => this.#headCard(head, k))),
      ...cards(this.#neuronsInWords(), "", ...this.#linearCard(), ...this.shown.map((hinge, k) => this.#hingeCard(hinge, k))),
      ...cards(this.isBinary ? "Their sum, and its sign: the answers" : "The answers", "", ...this.#sums()),
      this.status,
      this.votes,
    );
  }

  #neuronsInWords() {
    const { length } = this.inner.hinges;
    if (this.isBinary) return `${counted(length, "neuron")}${length > MOST ? ` (${MOST} are shown)` : ""} and a straight path: what each adds for class 1 (orange) or against it (purple), in logits`;
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
      new Curves(`head ${k}: the values that each token moves`, values.map((line, j) => ({ values: line, colour: LINES[j % LINES.length] })), [axis, `what it says: ${counted(rank, "value")}${rank > 1 && rank <= LINES.length ? `, ${LINE_NAMES.slice(0, rank).join(", ")}` : ""}`], this.theme, marked),
    ];
    this.curves.push(...curves);
    const from = `heads ${members.join(", ")} of the original`;
    return this.#card(`head${k}`, this.#switch(`head${k}`, `head ${k}`), this.#quiet(members.length === 1 ? from.replace("heads", "head") : from), ...curves.map(({ root }) => root));
  }

  /** For or against class 1, and at which end of the second token, if it is mostly at one. */
  #role(k) {
    const { grid, scene } = this;
    const values = this.atRest.hinges[k];
    const third = Math.floor(grid.columns / 3);
    const sum = (from, to) => values.reduce((total, value, i) => (i % grid.columns >= from && i % grid.columns < to ? total + Math.abs(value) : total), 0);
    const [low, high] = [sum(0, third), sum(grid.columns - third, grid.columns)];
    const place = grid.rowAt.length === 1 && grid.columnAt.length === 1 ? (high > 2 * low ? "large" : low > 2 * high ? "small" : "") : "";
    const side = values.reduce((total, value) => total + value, 0) > 0 ? "for" : "against";
    return `${side} class 1${place ? ` at ${place} ${scene.domain.names[grid.columnAt[0]]}` : ""}`;
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
    return this.#card(
      `hinge${k}`,
      this.#switch(`hinge${k}`, `neuron ${k}`),
      this.#quiet(`${counted(neurons, "neuron")} of the original`),
      this.#image(`hinge${k}`, this.isBinary ? this.#role(k) : "gives", `what inner neuron ${k} ${this.isBinary ? "adds to the margin of class 1" : "gives"} on every input`),
      ...(this.isBrief ? [] : [this.#image(`need${k}`, "answers that need it", `the inputs whose answer changes if inner neuron ${k} is held at its mean`)]),
    );
  }

  #card(key, ...children) {
    this.cards[key] = element("div", { class: "sj-card" }, ...children);
    return this.cards[key];
  }

  #quiet(words) {
    return this.isBrief ? "" : element("span", { class: "sj-quiet" }, words);
  }

  #sums() {
    const card = (key, name, tells) => element("div", { class: "sj-card" }, this.#image(key, name, tells));
    return [
      ...(this.isBinary ? [card("sum", "sum", "the margin of class 1 that the parts add up to")] : []),
      card("answers", "inner answers", "the answers of the inner network"),
      card("original", "network's answers", "the answers of the original network"),
      card("differ", "the two differ", "where the two networks disagree"),
      ...(this.scene.truth ? [card("labels", "right answers", "the labels")] : []),
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
    this.play.textContent = "❚❚ Pause";
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
    for (const [key, card] of Object.entries(this.cards)) card.classList.toggle("sj-off", off.includes(key));
    for (const curves of this.curves) curves.draw();
    this.#run(off.join(), off);
    const { ran, agree, changed, colours, notes } = this.kept;
    this.shown.forEach((_, k) => {
      this.images[`hinge${k}`].draw(colours.hinges[k], off.includes(`hinge${k}`) ? "held at its mean" : notes.hinges[k]);
      this.images[`need${k}`]?.draw(colours.needs[k], `${percent(changed[k])} of the answers`);
    });
    if (isBinary) {
      this.images.linear.draw(colours.linear, notes.limit);
      this.images.sum.draw(colours.sum, notes.sum);
    }
    const { size } = scene;
    this.images.answers.draw(colours.answers, "");
    this.images.original.draw(colours.original, "");
    this.images.labels?.draw(colours.labels, "");
    this.images.differ.draw(colours.differ, `${Math.round((1 - agree) * size).toLocaleString("en")} of ${size.toLocaleString("en")}`);
    const parts = off.length ? `With ${counted(off.length, "part")} held at ${off.length === 1 ? "its" : "their"} mean, the` : "The";
    setText(this.status, `${parts} inner network gives the network's answer on ${percent(agree)} of the ${size.toLocaleString("en")} inputs.`);
    setText(this.votes, this.#vote(ran));
  }

  /** The sum of the chosen input in numbers. */
  #vote(ran) {
    const { scene, isBinary } = this;
    const input = scene.shown;
    if (input === null) return "Point at an input to see how it is decided, or click to pin it.";
    const name = scene.domain.names.map((position, at) => `${position} = ${scene.domain.token(input, at)}`).filter((_, at) => scene.domain.counts[at] > 1).join(", ");
    const answer = ran.classes[input] < 0 ? "in no class" : `class ${ran.classes[input]}`;
    if (!isBinary) return `${name}: ${answer}.`;
    const parts = [["straight path", ran.linear[input]], ...ran.hinges.map((values, k) => [`neuron ${k}`, values[input]])];
    return `${name}: ${parts.map(([part, value]) => `${part} ${signed(value)}`).join(", ")}; sum ${signed(ran.scores[input])}, so ${answer}.`;
  }

  /** Run the network with these parts off, and paint everything that depends on it. */
  #run(key, off) {
    if (this.kept?.key === key) return;
    const { inner, scene, palette, changes, isBinary } = this;
    const { classes: original } = scene.views.full;
    const ran = off.length ? inner.run(off) : inner.whole;
    const without = (this.isBrief ? [] : this.shown).map((_, k) => {
      const part = `hinge${k}`;
      return inner.run(off.includes(part) ? off.filter((one) => one !== part) : [...off, part]).classes;
    });
    const { limit } = this;
    const shaded = (values) => bySign(values, limit ?? largest(values));
    this.kept = {
      key,
      ran,
      agree: agreement(ran.classes, original),
      changed: without.map((classes) => 1 - agreement(ran.classes, classes)),
      colours: {
        hinges: this.shown.map((_, k) => shaded(ran.hinges[k])),
        needs: without.map((classes) => byClass(differing(ran.classes, classes), changes)),
        linear: isBinary ? shaded(ran.linear) : null,
        sum: isBinary ? bySign(ran.scores, largest(ran.scores)) : null,
        answers: byClass(ran.classes, palette),
        original: this.kept?.colours.original ?? byClass(original, palette),
        labels: this.kept?.colours.labels ?? (scene.truth && byClass(scene.truth, palette)),
        differ: byClass(differing(ran.classes, original), changes),
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

/** A number with its sign. */
const signed = (value) => `${value > 0 ? "+" : ""}${short(value)}`;

/** A number with its noun, such as "1 head" or "2 heads". */
const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
