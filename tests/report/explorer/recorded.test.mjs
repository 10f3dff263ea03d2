import assert from "node:assert/strict";
import { test } from "node:test";

import { byClass, changePalette, classPalette } from "../../../src/scrubjay/report/assets/explorer/colours.js";
import { mount } from "../../../src/scrubjay/report/assets/explorer/explorer.js";
import { RecordedScene } from "../../../src/scrubjay/report/assets/explorer/recorded.js";
import { close } from "./close.mjs";
import { Element, install } from "./document.mjs";
import { portrait, recorded } from "./portraits.mjs";

install();

/** An explorer in a stand-in for a document, when all is drawn. */
async function mounted(data) {
  const root = new Element("div");
  const pinned = [];
  const explorer = mount(root, data, (input) => pinned.push(input));
  const drawn = async () => {
    await explorer.whenIdle();
    await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const set = async (settings) => {
    explorer.set(settings);
    await drawn();
  };
  await drawn();
  return { root, explorer, set, pinned };
}

const texts = (root) => root.all.flatMap(({ attributes, children }) => [...Object.values(attributes), ...children.filter((child) => typeof child === "string")]);
const keys = (root) => root.all.map(({ attributes }) => attributes["data-key"]).filter(Boolean);
const heads = (root) => root.all.filter(({ tag }) => tag === "h3").map(({ textContent }) => textContent);
const image = (root, name) => root.all.find(({ tag, attributes }) => tag === "canvas" && attributes["aria-label"].startsWith(`${name}:`));

/** The colours of the cells of an image of the domain. */
function cells(root, name) {
  const source = image(root, name).calls.filter(([call]) => call === "drawImage").at(-1)[1];
  const { data, width, height } = source.calls.filter(([call]) => call === "putImageData").at(-1)[1];
  return { width, height, colours: [...new Uint32Array(data.buffer)] };
}

test("the plane after the last layer is shown first, and every site has its own axes", () => {
  const { data, plain } = recorded();
  const scene = new RecordedScene(data, () => {});
  assert.deepEqual(scene.sites(), plain.sites.map(({ name }, at) => [String(at), name]));
  assert.deepEqual([scene.settings.site, scene.settings.x, scene.settings.y], ["3", "3/0", "3/1"]);
  plain.sites.forEach(({ name, coordinates }, site) => {
    scene.set({ site: String(site) });
    assert.deepEqual([scene.settings.x, scene.settings.y], [`${site}/0`, `${site}/1`]);
    const axes = scene.axes();
    assert.deepEqual(axes.map(({ label }) => label), [50, 25, 12.5].map((share, k) => `component ${k + 1} of ${name} (${share.toFixed(1)}% of variance)`));
    axes.forEach(({ key }, k) => {
      close(scene.coordinates(key), coordinates[k], key);
      assert.deepEqual(scene.extent(key), [Math.min(...coordinates[k]), Math.max(...coordinates[k])]);
    });
  });
  scene.set({ x: "3/2" });
  scene.set({ site: "3" });
  assert.equal(scene.settings.x, "3/2", "the same site keeps its axes");
});

test("one component serves both axes", () => {
  const scene = new RecordedScene(recorded({ components: 1 }).data, () => {});
  assert.deepEqual([scene.settings.x, scene.settings.y], ["3/0", "3/0"]);
});

test("the mean pattern is that of the chosen layer", () => {
  const { data, plain } = recorded({ layers: 3 });
  const scene = new RecordedScene(data, () => {});
  for (const layer of [2, 0, 1]) {
    scene.set({ layer });
    close(scene.pattern(null), [0, 1, 2, 3].flatMap((at) => plain.patterns[layer].map((head) => head[at])), `layer ${layer}`);
  }
});

for (const [kind, wanted] of Object.entries({ "two layers": {}, "one layer with a norm": { layers: 1, norm: "LN" }, "no labels": { labelled: false } }))
  test(`the page says why it runs nothing, and has nothing that would need a run: ${kind}`, async () => {
    const { root, set } = await mounted(recorded(wanted).data);
    const reason = wanted.norm ? "normalises its residual stream" : "has 2 layers";
    assert.equal(
      root.find("sj-status").textContent,
      `This network ${reason}, so the page does not run it: it shows what the analysis recorded on 11 inputs, without the settings that would need a run.`,
    );
    assert.deepEqual(heads(root), ["The plane", "The input", "Attention from the last position", "The domain"]);
    const chosen = ["site", "x", "y", "colour"];
    assert.deepEqual(keys(root).sort(), (wanted.layers === 1 ? chosen : [...chosen, "layer"]).sort());
    for (const settings of [{ pinned: 2 }, { site: "0" }, { hovered: 10 }, { layer: 0 }, { pinned: null }]) {
      await set(settings);
      for (const words of texts(root)) assert.doesNotMatch(words, /undefined|NaN|null|\[object/, JSON.stringify(settings));
    }
  });

test("images of a list have a cell for each input, and none behind the last", async () => {
  const { data, plain } = recorded();
  const { root } = await mounted(data);
  const binary = classPalette(2);
  const [full, frozen] = plain.classes;
  const differing = (a, b) => a.map((value, i) => Number(value !== b[i]));
  const expected = { "ground truth": plain.labels, "full network": full, "frozen network": frozen, "full ≠ frozen": differing(full, frozen), errors: differing(full, plain.labels) };
  for (const [name, values] of Object.entries(expected)) {
    const { width, height, colours } = cells(root, name);
    assert.deepEqual([width, height], [4, 3], name);
    const isChange = ["full ≠ frozen", "errors"].includes(name);
    assert.deepEqual(colours, [...byClass(values, isChange ? changePalette() : binary), 0], name);
  }
});

test("an input that is pinned is spelled out, and Python is told", async () => {
  const { data, plain } = recorded();
  const { root, set, pinned } = await mounted({ ...data, token_names: ["zero", "one", "two"] });
  await set({ pinned: 6 });
  const named = (token) => ["zero", "one", "two"][token] ?? String(token);
  const spelled = ["a", "b", "c", "="].map((name, at) => `${name}: ${named(data.positions[at][plain.listed[6][at]])}`);
  assert.equal(root.find("sj-inspector-title").textContent, `${spelled.join(", ")} (pinned)`);
  assert.deepEqual(pinned, [6]);
  image(root, "errors").on("click", { clientX: 299, clientY: 199 }); // the empty cell behind the last input
  await set({});
  assert.deepEqual(pinned, [6, 10]);
});

const UNUSUAL = {
  "attention only": [{ sizes: { d_mlp: 0, attn_only: true } }, ["fraction", "count"], ["mid"]],
  GELU: [{ sizes: { act_fn: "gelu" } }, [], ["mid", "post"]],
};
for (const [kind, [wanted, missing, sites]] of Object.entries(UNUSUAL))
  test(`a network that the page runs has what it has: ${kind}`, async () => {
    const { data } = portrait(wanted);
    const isBare = data.config.attn_only;
    if (isBare) for (const view of data.views) view.post = null;
    if (isBare) for (const name of ["W_in", "b_in", "W_out", "b_out"]) delete data.weights[name];
    const { root, explorer, set } = await mounted(data);
    for (const key of ["fraction", "count"]) assert.equal(keys(root).includes(key), !missing.includes(key), key);
    assert.deepEqual([...new Set(explorer.scene.axes().map(({ key }) => key.slice(0, -1)))], [...sites, "filter"]);
    await set({ t: 0.5, pinned: 1, view: "frozen" });
    for (const words of texts(root)) assert.doesNotMatch(words, /undefined|NaN|null|\[object/);
    const words = texts(root).join(" ");
    if (!isBare) assert.match(words, /before the GELU on every input\. The GELU brings .* is above zero on/);
    explorer.stop();
  });
