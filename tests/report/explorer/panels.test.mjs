import assert from "node:assert/strict";
import { test } from "node:test";

import { mount } from "../../../src/scrubjay/report/assets/explorer/explorer.js";
import { Element, install } from "./document.mjs";
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
  assert.ok(names(root, "sj-explained").some((words) => words.includes("its row is the token at position one, its column the token at position two.")));
  assert.ok(texts(root).some((words) => words.startsWith("how much each token at position two adds to β")));
});

test("thirty positions without names are numbered from 1 in every panel", async () => {
  const positions = Array.from({ length: 30 }, (_, at) => (at === 27 || at === 28 ? [1, 4] : [at % 9]));
  const { root, set } = await mounted({ positions, names: null });
  await set({ pinned: 1 });
  const title = root.find("sj-inspector-title").textContent;
  assert.match(title, /^1: 0, 2: 1, .*, 27: 8, 28: 1, 29: 4, 30: 2 \(pinned\)$/);
  assert.deepEqual(names(root, "sj-strip-name").slice(0, 2), ["α, position 28", "α, position 29"]);
  const calls = canvas(root, "attention pattern").calls;
  const words = calls.filter(([name]) => name === "fillText");
  assert.ok(words.some(([, text]) => text === "…") && !words.some(([, text]) => text === "to 30"), "a legend without room ends");
  for (const [, text, x] of words) assert.ok(x <= 300, `${text} at ${x}`);
  for (const [name, , , width] of calls) assert.ok(name !== "fillRect" || width > 0);
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
  const number = (words) => Number(words.replace("−", "-"));
  const near = (words, value) => assert.ok(Math.abs(number(words) - value) <= 0.006 * Math.abs(value), `${words} for ${value}`);
  near(told["margin of class 1"], scene.answer.margins[5]);
  ["α", "β"].forEach((name, k) => {
    const [state, shown] = told[`filter ${name}`].split(", ");
    assert.equal(state, values[k] > 0 ? "on" : "off");
    near(shown, values[k]);
  });
  assert.equal(told["gate OR"], `class ${Number(values.some((value) => value > 0))}`);
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
  const { root, explorer, plain } = await mounted();
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
  for (const [typed, neuron] of [["5", 5], ["7", 5], ["-1", 5], ["1.5", 5], ["0", 0]]) {
    input.value = typed;
    input.on("change");
    assert.equal(explorer.scene.settings.neuron, neuron, typed);
  }
  explorer.set({ neuron: order[2] });
  await new Promise((drawn) => setTimeout(drawn, 5));
  const live = [...explorer.scene.mlpPre()].filter((value) => value > 0).length / explorer.scene.size;
  assert.equal(
    panel.children.at(-1).textContent,
    `Neuron ${order[2]} is active on ${(100 * live).toFixed(1)}% of the inputs. Ranked by how much its contribution to the answer varies, it is number 3 of 7.`,
  );
});

test("without neurons there is no panel and no setting for them", async () => {
  const { root } = await mounted({ sizes: { d_mlp: 0 } });
  assert.equal(root.find("sj-neuron"), undefined);
  const keys = root.all.map(({ attributes }) => attributes["data-key"]).filter(Boolean);
  assert.ok(!keys.includes("count") && !keys.includes("order") && keys.includes("fraction"));
});
