import assert from "node:assert/strict";
import { test } from "node:test";

import { mount } from "../../../src/scrubjay/report/assets/explorer/explorer.js";
import { byClass, bySign, byThreshold, changePalette, classPalette, largest } from "../../../src/scrubjay/report/assets/explorer/colours.js";
import { Plane } from "../../../src/scrubjay/report/assets/explorer/plane.js";
import { Element, install } from "./document.mjs";
import { domain, inner, run } from "./forward.mjs";
import { portrait } from "./portraits.mjs";

install();

const POSITIONS = [[0, 2, 5, 7], [3, 1, 6], [4], [8]];

/** An explorer of a small network in a stand-in for a document, when all is drawn. */
async function mounted(wanted) {
  const { data, plain } = portrait({ positions: POSITIONS, seed: 24, ...wanted });
  const root = new Element("div");
  const pinned = [];
  const explorer = mount(root, data, (input) => pinned.push(input));
  const settled = async () => {
    await explorer.whenIdle();
    await new Promise((drawn) => setTimeout(drawn, 5));
  };
  const set = async (settings) => {
    explorer.set(settings);
    await settled();
  };
  await settled();
  const rows = () =>
    Object.fromEntries(root.find("sj-inspector").all.filter(({ tag }) => tag === "tr").map(({ children: [name, cell] }) => [name.textContent, cell.textContent]));
  return { root, explorer, set, rows, pinned, data, plain };
}

const texts = (root) => root.all.flatMap(({ attributes, children }) => [...Object.values(attributes), ...children.filter((child) => typeof child === "string")]);
const names = (root, name) => root.all.filter(({ attributes }) => attributes.class === name).map(({ textContent }) => textContent);
const canvas = (root, label) => root.all.find(({ tag, attributes }) => tag === "canvas" && attributes["aria-label"].startsWith(label));
const drawnWords = (board) => board.calls.filter(([name]) => name === "fillText").map(([, words]) => words);

const KINDS = {
  "two classes and two filters": {},
  "three filters in one network, one in the other": { filters: [3, 1] },
  "no filters": { filters: [null, null] },
  "filters in one network only": { filters: [2, null] },
  "many classes": { kind: "logits", filters: [null, null], classes: [[0], [1], [2], [3], [4], [5], [6], [7], [8]] },
  "answers outside all classes": { kind: "logits", classes: [[0], [1]] },
  "no labels": { labelled: false },
  "no neurons": { sizes: { d_mlp: 0 } },
  "one dimension": { sizes: { d_model: 1 } },
  "one varying position": { positions: [[0, 2, 5, 7], [8]], names: ["a", "="] },
  "an attention held fixed in training": { frozen: true },
};

for (const [kind, wanted] of Object.entries(KINDS))
  test(`no text is undefined, empty or not a number, whatever is set: ${kind}`, async () => {
    const { root, explorer, set } = await mounted(wanted);
    const keys = explorer.scene.axes().map(({ key }) => key);
    for (const settings of [{}, { pinned: 2 }, { view: "frozen" }, { t: 0.5, length: 2, direction: "random", count: 1 }, { colour: "now", x: keys.at(-1) }, { view: "full", colour: "truth" }, { y: "post0" }]) {
      if (settings.colour === "truth" && !explorer.scene.truth) continue;
      await set(settings);
      for (const words of texts(root)) assert.doesNotMatch(words, /undefined|NaN|null|\[object/, JSON.stringify(settings));
      for (const board of root.all.filter(({ tag }) => tag === "canvas")) for (const words of drawnWords(board)) assert.doesNotMatch(words, /undefined|NaN/);
    }
    assert.match(root.find("sj-status").textContent, /^This page ran the network on all \d+ inputs in \d+ ms\./);
    explorer.stop();
  });

test("positions have the names of the data in every panel", async () => {
  const { root, set } = await mounted({ names: ["one", "two", "three", "="] });
  await set({ pinned: 4 });
  assert.equal(root.find("sj-inspector-title").textContent, "one: 2, two: 1, three: 4, =: 8 (pinned)");
  await set({ hovered: 0 });
  assert.equal(root.find("sj-inspector-title").textContent, "one: 0, two: 3, three: 4, =: 8");
  assert.deepEqual(names(root, "sj-strip-name"), ["α, position one", "α, position two", "β, position one", "β, position two"]);
  assert.deepEqual([...new Set(names(root, "sj-side-name"))], ["one ↓"]);
  assert.deepEqual([...new Set(names(root, "sj-foot-name"))], ["two →"]);
  const heads = root.find("sj-numbers").all.filter(({ attributes }) => attributes.scope === "col").map(({ textContent }) => textContent);
  assert.deepEqual(heads, ["head", "one", "two", "three", "="]);
  const legend = drawnWords(canvas(root, "attention pattern")).filter((words) => /^to /.test(words));
  assert.deepEqual([...new Set(legend)], ["to one", "to two", "to three", "to ="]);
  assert.ok(names(root, "sj-explained").some((words) => words.includes("its row gives the token at position one, its column the token at position two.")));
  assert.ok(texts(root).some((words) => words.startsWith("how much each token at position two adds to β")));
});

test("thirty positions without names are numbered from 1 in every panel", async () => {
  const positions = Array.from({ length: 30 }, (_, at) => (at === 27 || at === 28 ? [1, 4] : [at % 9]));
  const { root, set } = await mounted({ positions, names: null });
  await set({ pinned: 1 });
  const title = root.find("sj-inspector-title").textContent;
  assert.match(title, /^0 1 2 .* 8 1 4 2 \(pinned\)$/); // of so many positions the tokens alone
  assert.deepEqual(names(root, "sj-strip-name").slice(0, 2), ["α, position 28", "α, position 29"]);
  const calls = canvas(root, "attention pattern").calls;
  const words = calls.filter(([name]) => name === "fillText");
  assert.ok(words.some(([, text]) => text === "…") && !words.some(([, text]) => text === "to 30"), "a legend without room ends");
  for (const [, text, x] of words) assert.ok(x <= 300, `${text} at ${x}`);
  for (const [name, , , width] of calls) assert.ok(name !== "fillRect" || width > 0);
});

const pixels = (image) => [...new Uint32Array(image.data.buffer)];
const painted = (context) => context.calls.filter(([name]) => name === "putImageData").at(-1)[1];

/** The colours of the cells of an image of the domain. */
const cells = (root, name) => painted(canvas(root, `${name}:`).calls.filter(([call]) => call === "drawImage").at(-1)[1]);

test("every image of the domain has the colours of what it shows", async () => {
  const { root, set, explorer, plain } = await mounted({ gate: "OR", table: [0, 1, 1, 1] });
  await set({ count: 2, ...explorer.scene.withThreshold(0, 0.5) });
  const { scene } = explorer;
  const [full, frozen] = plain.views.map(({ classes }) => classes);
  const { labels } = plain;
  const now = [...scene.classes()];
  const values = scene.filterValues();
  const binary = classPalette(2);
  const differ = (a, b) => byClass(a.map((value, i) => Number(value !== b[i])), changePalette());
  const expected = {
    "ground truth": byClass(labels, binary),
    "full network": byClass(full, binary),
    "frozen network": byClass(frozen, binary),
    "full ≠ frozen": differ(full, frozen),
    "current settings": byClass(now, binary),
    "current errors": differ(now, labels),
    "α value": bySign(values[0], largest(values[0])),
    "β value": bySign(values[1], largest(values[1])),
    "mask α": byThreshold(values[0], binary),
    "mask β": byThreshold(values[1], binary),
    "gate OR": byClass(scene.gate(values), binary),
    mlp_pre: bySign(scene.mlpPre(), largest(scene.mlpPre())),
  };
  assert.deepEqual(names(root, "sj-image-name").sort(), Object.keys(expected).sort());
  for (const [name, colours] of Object.entries(expected)) {
    const found = cells(root, name);
    assert.deepEqual([found.width, found.height], [3, 4], name);
    assert.deepEqual(pixels(found), [...colours], name);
  }
  const share = (a, b) => `${((100 * a.filter((value, i) => value === b[i]).length) / a.length).toFixed(1)}%`;
  const notes = names(root, "sj-image-note");
  assert.ok(notes.includes(`${share(full, labels)} correct`) && notes.includes(`${share(full, frozen)} agree`));
  assert.ok(notes.includes(`${share([...scene.gate(values)], now)} agree`));
});

test("the chosen input is marked in the middle of its cell, and the mark goes away again", async () => {
  const { root, set } = await mounted();
  const board = canvas(root, "ground truth:");
  const marks = () => board.calls.splice(0).filter(([name]) => name === "strokeRect");
  await set({ pinned: 7 }); // row 2, column 1 of 4 x 3 cells on 300 x 200 pixels
  assert.deepEqual(marks().at(-1), ["strokeRect", 146, 121, 8, 8]);
  await set({ pinned: null });
  assert.deepEqual(marks(), []);
});

test("pointing at a cell of an image shows its input, a click pins it", async () => {
  const { root, explorer } = await mounted();
  const board = canvas(root, "full network:");
  assert.equal(board.style.aspectRatio, "3 / 4");
  board.on("pointermove", { clientX: 150, clientY: 125 }); // of 300 x 200 pixels
  assert.equal(explorer.scene.settings.hovered, 7);
  board.on("click", { clientX: 299, clientY: 1 });
  assert.equal(explorer.scene.settings.pinned, 2);
});

test("strips show extended embeddings less their mean, and mark the chosen token", async () => {
  const { root, set, plain } = await mounted();
  await set({ pinned: 7 }); // the third token at the first position, the second at the second
  const inputs = domain(plain.positions);
  const frozen = run(plain, { t: 0 });
  const strips = root.all.filter(({ attributes }) => attributes.class === "sj-strip");
  const shown = plain.views[0].filters.directions.flatMap((direction) => [0, 1].map((at) => [direction, at]));
  assert.equal(strips.length, shown.length);
  shown.forEach(([direction, at], k) => {
    const value = (token) => inner(frozen[inputs.findIndex((input) => input.every((each, s) => each === (s === at ? token : plain.positions[s][0])))].resid_mid, direction);
    const raw = plain.positions[at].map(value);
    const values = raw.map((each) => each - raw.reduce((a, b) => a + b) / raw.length);
    const image = painted(strips[k].all.find(({ tag }) => tag === "canvas"));
    assert.deepEqual([image.width, image.height], [values.length, 1]);
    assert.deepEqual(pixels(image), [...bySign(values, largest(values))]);
    const mark = strips[k].find("sj-strip-mark");
    const token = at === 0 ? 2 : 1;
    assert.equal(mark.hidden, false);
    assert.equal(mark.style.left, `${(100 * (token + 0.5)) / values.length}%`);
    const note = strips[k].find("sj-strip-note").textContent;
    assert.ok(Math.abs(Number(note.replaceAll("−", "-")) - values[token]) <= 0.006 * Math.abs(values[token]), `${note} for ${values[token]}`);
  });
  await set({ pinned: null });
  assert.ok(strips.every((strip) => strip.find("sj-strip-mark").hidden && strip.find("sj-strip-note").textContent === ""));
});

test("without filters the strips show the first two components", async () => {
  const { root } = await mounted({ filters: [null, null] });
  assert.deepEqual(names(root, "sj-strip-name"), ["component 1, position a", "component 1, position b", "component 2, position a", "component 2, position b"]);
});

test("points are coloured by what the reader chooses, and the legend says how", async () => {
  const { root, set, explorer, plain } = await mounted();
  const [blue, orange] = classPalette(2);
  const legend = () => names(root, "sj-key");
  const plane = [...explorer.stages.values()][0].parts.find((part) => part instanceof Plane);
  const now = [...explorer.scene.classes()];
  const either = (isOrange) => now.map((_, i) => (isOrange(i) ? orange : blue));
  const cases = {
    now: [["class 0", "class 1"], either((i) => now[i] === 1)],
    truth: [["class 0", "class 1"], either((i) => plain.labels[i] === 1)],
    error: [["correct", "wrong"], either((i) => now[i] !== plain.labels[i])],
    split: [["training set", "test set"], either((i) => plain.train[i] === 0)],
  };
  for (const [colour, [named, colours]] of Object.entries(cases)) {
    await set({ colour });
    assert.deepEqual(legend(), named);
    assert.deepEqual([...plane.colours], colours, colour);
    assert.equal(plane.last, colour === "error" ? orange : null);
  }
  assert.equal(root.find("sj-swatch").style.background, "rgb(0 114 178)");
});

test("a legend of many classes names some of them", async () => {
  const classes = (count) => Array.from({ length: count }, (_, k) => [k]);
  const legend = async (count) => names((await mounted({ sizes: { d_vocab: 40 }, kind: "logits", filters: [null, null], classes: classes(count) })).root, "sj-key").filter((name) => name.startsWith("class"));
  assert.deepEqual(await legend(8), classes(8).map(([k]) => `class ${k}`));
  assert.deepEqual(await legend(9), [0, 2, 4, 6, 8].map((k) => `class ${k}`));
  assert.deepEqual(await legend(31), [0, 6, 12, 18, 24, 30].map((k) => `class ${k}`));
});

test("the explanations speak of what this network has", async () => {
  const words = async (wanted) => names((await mounted(wanted)).root, "sj-explained").join(" ");
  assert.match(await words({}), /position b\. Blue means class 0 or off; orange means class 1 or on\. Red marks inputs where two classes differ\. The values of a filter/);
  assert.match(await words({}), /value of a filter in/);
  assert.match(await words({ filters: [2, null] }), /value of a filter or component in/);
  assert.match(await words({ filters: [null, null] }), /Blue means class 0; orange means class 1\. Red marks inputs where two classes differ\.$/);
  const many = await words({ kind: "logits", filters: [null, null], classes: [[0], [1], [2]] });
  assert.match(many, /value of a component in .* Classes run from dark blue to yellow\. Red marks inputs where two classes differ\.$/);
  assert.doesNotMatch(many, /threshold/);
  assert.match(await words({ positions: [[0, 2, 5, 7], [8]], names: ["a", "="] }), /Each cell is one input: its column gives the token at position a\./);
  assert.match(await words({ positions: [[0, 1], [2, 3], [4, 5], [8]] }), /its row gives the token at position a, its column the tokens at positions b, c\./);
});

test("the inspector tells everything about an input", async () => {
  const { set, rows, explorer, plain } = await mounted({ filters: [2, 2], gate: "OR", table: [0, 1, 1, 1] });
  await set({ pinned: 5, neuron: 3 });
  const { scene } = explorer;
  const values = scene.filterValues().map((each) => each[5]);
  const told = rows();
  assert.deepEqual(Object.keys(told), ["ground truth", "full network", "frozen network", "current settings", "margin of class 1", "filter α", "filter β", "gate OR", "split", "neuron 3"]);
  assert.equal(told["ground truth"], `class ${plain.labels[5]}`);
  assert.equal(told["full network"], `class ${plain.views[0].classes[5]}`);
  assert.equal(told["frozen network"], `class ${plain.views[1].classes[5]}`);
  assert.equal(told["current settings"], `class ${scene.classes()[5]}`);
  const number = (words) => Number(words.replaceAll("−", "-"));
  const near = (words, value) => assert.ok(Math.abs(number(words) - value) <= 0.006 * Math.abs(value), `${words} for ${value}`);
  near(told["margin of class 1"], scene.answer.margins[5]);
  ["α", "β"].forEach((name, k) => {
    const [state, shown] = told[`filter ${name}`].split(", ");
    assert.equal(state, values[k] > 0 ? "on" : "off");
    near(shown, values[k]);
  });
  assert.equal(told["gate OR"], `class ${Number(values.some((value) => value > 0))}`);
  for (let input = 0; input < scene.size; input++) {
    await set({ hovered: input });
    ["α", "β"].forEach((name, k) => assert.equal(rows()[`filter ${name}`].split(", ")[0], scene.filterValues()[k][input] > 0 ? "on" : "off"));
  }
  await set({ hovered: null });
  assert.equal(told.split, "test set");
  near(told["neuron 3"].replace("mlp_pre ", ""), scene.mlpPre()[5]);
  await set({ pinned: 3 });
  assert.equal(rows().split, "training set");
  await set({ pinned: null });
  assert.ok(Object.values(rows()).every((words) => words === "·"));
});

test("an answer in no class is said to be so", async () => {
  const { set, rows, explorer, root } = await mounted({ kind: "logits", classes: [[0], [1]], filters: [null, null] });
  const stray = [...explorer.scene.classes()].indexOf(-1);
  assert.ok(stray >= 0);
  await set({ pinned: stray });
  assert.equal(rows()["current settings"], "in no class");
  assert.deepEqual(names(root, "sj-key"), ["class 0", "class 1", "in no class"]);
});

test("a gate that depends on one filter alone has an image of its own", async () => {
  const { root } = await mounted({ gate: "α", table: [0, 0, 1, 1] });
  const shown = names(root, "sj-image-name");
  assert.equal(new Set(shown).size, shown.length);
  assert.ok(shown.includes("mask α") && shown.includes("gate α"), shown.join());
});

test("the agreement of the gate is that of its answers with the network's", async () => {
  const { root, set, explorer } = await mounted();
  await set(explorer.scene.withThreshold(0, -3));
  const { scene } = explorer;
  const gated = scene.gate(scene.filterValues());
  const share = [...gated].filter((value, i) => value === scene.classes()[i]).length / gated.length;
  const words = `The gate AND agrees with ${(100 * share).toFixed(1)}% of the answers with the current settings (as fitted: 75.0%).`;
  assert.equal(root.find("sj-agreement").textContent, words);
});

test("the status counts the answers that differ from the analysis, where it ran the same network", async () => {
  const { root, set, explorer, plain } = await mounted();
  const differ = (view) => [...explorer.scene.classes()].filter((value, i) => value !== view.classes[i]).length;
  const ends = (count) => assert.ok(root.find("sj-status").textContent.endsWith(` Answers that differ from those of the analysis: ${count}.`));
  ends(differ(plain.views[0]));
  await set({ view: "frozen" });
  ends(differ(plain.views[1]));
  for (const patch of [{ t: 0.5 }, { t: 0, fraction: 0.9 }, { fraction: 1, count: 6 }, { count: 7, length: 1 }]) {
    await set(patch);
    assert.doesNotMatch(root.find("sj-status").textContent, /differ/);
  }
});

test("Python is told of a pinned input once, and of none of the others", async () => {
  const { set, pinned } = await mounted();
  for (const settings of [{ pinned: 3 }, { hovered: 1 }, { t: 0.5 }, { pinned: 4 }, { pinned: null }]) await set(settings);
  assert.deepEqual(pinned, [3, 4, null]);
});

test("neurons are chosen by rank and by number, and a number that is none is refused", async () => {
  const { root, set, explorer, plain } = await mounted();
  const { order } = plain.views[0];
  const panel = root.find("sj-neuron");
  const [larger, smaller] = panel.all.filter(({ tag }) => tag === "button");
  assert.deepEqual([larger.textContent, smaller.textContent], ["larger contribution", "smaller contribution"]);
  smaller.on("click");
  assert.equal(explorer.scene.settings.neuron, order[1]);
  larger.on("click");
  larger.on("click");
  assert.equal(explorer.scene.settings.neuron, order.at(-1));
  const input = panel.all.find(({ tag }) => tag === "input");
  assert.deepEqual([input.min, input.max, input.step], ["0", "6", "1"]);
  for (const [typed, neuron] of [["5", 5], ["7", 5], ["-1", 5], ["1.5", 5], ["0", 0]]) {
    input.value = typed;
    input.on("change");
    assert.equal(explorer.scene.settings.neuron, neuron, typed);
  }
  for (let rank = 0; rank < 7; rank++) {
    const neuron = order[rank];
    await set({ neuron });
    const live = run(plain).filter(({ mlp_pre }) => mlp_pre[neuron] > 0).length / explorer.scene.size;
    assert.equal(
      panel.children.at(-1).textContent,
      `Neuron ${neuron} is active on ${(100 * live).toFixed(1)}% of the inputs. Ranked by how much its contribution to the answer varies, it is number ${rank + 1} of 7.`,
    );
  }
});

test("without neurons there is no panel and no setting for them", async () => {
  const { root } = await mounted({ sizes: { d_mlp: 0 } });
  assert.equal(root.find("sj-neuron"), undefined);
  const keys = root.all.map(({ attributes }) => attributes["data-key"]).filter(Boolean);
  assert.ok(!keys.includes("count") && !keys.includes("order") && keys.includes("fraction"));
});
