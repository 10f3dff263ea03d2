import assert from "node:assert/strict";
import { test } from "node:test";

import { Scene, randomUnit } from "../../../src/scrubjay/report/assets/explorer/scene.js";
import { close } from "./close.mjs";
import { answer, inner, run } from "./forward.mjs";
import { portrait } from "./portraits.mjs";

/** A scene whose first answer has arrived, the plain numbers beside it, and how often it called for a new drawing. */
async function ready(wanted) {
  const { data, plain } = portrait({ positions: [[0, 2, 5, 7], [3, 1, 6], [4, 8], [8]], seed: 24, ...wanted });
  const told = { count: 0 };
  const scene = new Scene(data, () => told.count++);
  await scene.answers.whenIdle();
  return { scene, plain, told };
}

const minus = (values, by) => values.map((value) => value - by);
const viewOf = (plain, name) => plain.views.find((view) => view.name === name);

test("at first the full network is shown unchanged", async () => {
  const { scene, plain } = await ready();
  const { view, t, fraction, count, length, x, y, neuron, moved, pinned, hovered, direction, seed, order, colour } = scene.settings;
  assert.deepEqual({ view, t, fraction, count, length, x, y }, { view: "full", t: 1, fraction: 1, count: 7, length: 0, x: "mid0", y: "mid1" });
  assert.deepEqual({ moved, pinned, hovered }, { moved: { full: [0, 0], frozen: [0, 0] }, pinned: null, hovered: null });
  assert.deepEqual({ direction, seed, order, colour }, { direction: "0", seed: 1, order: "contribution", colour: "now" });
  assert.equal(neuron, viewOf(plain, "full").order[0]);
  assert.deepEqual([...scene.truth], plain.labels);
  assert.deepEqual([...scene.train], plain.train);
});

test("before the first answer the analysis's own classes are shown, then those of the answer", async () => {
  const { data, plain } = portrait({ seed: 24 });
  const scene = new Scene(data, () => {});
  assert.deepEqual([...scene.classes()], viewOf(plain, "full").classes);
  await scene.answers.whenIdle();
  assert.deepEqual([...scene.classes()], run(plain).map(({ logits }) => answer(plain, logits).class));
});

// Settings, and what they change in the plain forward pass.
const CHANGES = {
  nothing: [{}, () => ({})],
  "attention alone": [{ t: 0.4 }, () => ({ t: 0.4 })],
  "the frozen network": [{ view: "frozen" }, () => ({ t: 0 })],
  "a shift along a filter": [{ length: -1.5, direction: "1" }, ({ filters }) => ({ move: filters.directions[1].map((value) => -1.5 * value) })],
  "a shift along a random direction": [{ length: 2, direction: "random", seed: 5 }, () => ({ move: [...randomUnit(5, 5)].map((value) => 2 * value) })],
  "some neurons by index": [{ count: 3, order: "index" }, () => ({ neurons: [0, 1, 2] })],
  "some neurons by contribution": [{ count: 3 }, ({ order }) => ({ neurons: order.slice(0, 3) })],
  "all at once": [
    { view: "frozen", t: 0.7, length: 1, direction: "0", fraction: 0.3, count: 5 },
    ({ filters, order }) => ({ t: 0.7, move: filters.directions[0], neurons: order.slice(0, 5), fraction: 0.3 }),
  ],
};

for (const [name, [settings, changes]] of Object.entries(CHANGES))
  test(`every number follows the settings: ${name}`, async () => {
    const { scene, plain } = await ready();
    const view = viewOf(plain, settings.view ?? "full");
    const sites = run(plain, changes(view));
    scene.set({ ...settings, neuron: 4 });
    await scene.answers.whenIdle();
    const expected = sites.map(({ logits }) => answer(plain, logits));
    assert.deepEqual([...scene.classes()], expected.map((each) => each.class));
    close(scene.answer.margins, expected.map(({ margin }) => margin), "margins");
    for (const [site, key] of [["resid_mid", "mid"], ["resid_post", "post"]])
      view[key].components.forEach((component, k) => {
        const scores = sites.map((each) => inner(each[site].map((value, i) => value - view[key].mean[i]), component));
        close(scene.coordinates(`${key}${k}`), scores, `${key}${k}`);
      });
    view.filters.directions.forEach((direction, k) => {
      const values = sites.map(({ resid_mid }) => inner(resid_mid, direction) - view.filters.thresholds[k]);
      close(scene.coordinates(`filter${k}`), values, `filter ${k}`);
    });
    close(scene.mlpPre(), sites.map(({ mlp_pre }) => mlp_pre[4]), "mlp_pre");
    for (const i of [0, 11, 23]) close(scene.pattern(i), sites[i].pattern[0].flatMap((_, s) => sites[i].pattern.map((head) => head[s])), `pattern of input ${i}`);
  });

test("a view brings its attention along, unless another is asked for", async () => {
  const { scene } = await ready();
  scene.set({ view: "frozen" });
  assert.equal(scene.settings.t, 0);
  scene.set({ view: "full" });
  assert.equal(scene.settings.t, 1);
  scene.set({ view: "frozen", t: 0.5 });
  assert.equal(scene.settings.t, 0.5);
  scene.set({ view: "frozen" });
  assert.equal(scene.settings.t, 0.5);
  scene.stop();
});

test("the network runs again only for what its answers depend on", async () => {
  const { scene, told } = await ready();
  const asked = [];
  scene.answers.ask = (question) => asked.push(question);
  const before = told.count;
  for (const patch of [{ x: "post0" }, { colour: "truth" }, { pinned: 3 }, { hovered: 4 }, { neuron: 2 }, scene.withThreshold(0, 1), { seed: 9 }, { direction: "1" }]) scene.set(patch);
  assert.equal(asked.length, 0);
  assert.equal(told.count, before + 8);
  for (const patch of [{ t: 0.9 }, { count: 2 }, { fraction: 0.5 }, { order: "index" }, { length: 1 }, { direction: "0" }, { direction: "random" }, { seed: 10 }, { view: "frozen" }]) {
    const count = asked.length;
    scene.set(patch);
    assert.equal(asked.length, count + 1, JSON.stringify(patch));
  }
});

test("thresholds are moved one by one, in the current view only", async () => {
  const { scene } = await ready({ filters: [2, 3] });
  const fitted = scene.filterValues().map((values) => [...values]);
  scene.set(scene.withThreshold(1, 0.75));
  assert.deepEqual(scene.settings.moved, { full: [0, 0.75], frozen: [0, 0, 0] });
  const now = scene.filterValues();
  close(now[0], fitted[0], "the threshold that was not moved");
  close(now[1], minus(fitted[1], 0.75), "the threshold that was moved");
  close(scene.coordinates("filter1"), fitted[1], "the axis stays at the fitted threshold");
  scene.set({ view: "frozen" });
  scene.set(scene.withThreshold(2, -1));
  assert.deepEqual(scene.settings.moved, { full: [0, 0.75], frozen: [0, 0, -1] });
});

test("a threshold reaches as far as any input lies from it in either view", async () => {
  const { scene, plain } = await ready({ filters: [1, 2] });
  const furthest = (k) =>
    Math.max(
      ...plain.views.flatMap(({ filters }) =>
        filters.directions[k] ? [0, 1].flatMap((t) => run(plain, { t }).map(({ resid_mid }) => Math.abs(inner(resid_mid, filters.directions[k]) - filters.thresholds[k]))) : [],
      ),
    );
  close([scene.reach(0), scene.reach(1)], [furthest(0), furthest(1)], "reach");
  assert.equal(scene.reach(2), 0);
});

for (const k of [1, 2, 3])
  test(`every gate of ${k} filters is read from its table, the first filter slowest`, async () => {
    const rows = 2 ** k;
    const states = Array.from({ length: rows }, (_, row) => Array.from({ length: k }, (_, at) => (row >> (k - 1 - at)) & 1));
    const { scene } = await ready({ filters: [k, k], positions: [[0, 1, 2, 3, 4, 5, 6, 7].slice(0, rows), [8]] });
    const values = Array.from({ length: k }, (_, at) => Float64Array.from(states, (state) => (state[at] ? 0.1 : 0)));
    for (let number = 0; number < 2 ** rows; number++) {
      const table = Array.from({ length: rows }, (_, row) => (number >> row) & 1);
      scene.view.filters.table = table;
      assert.deepEqual([...scene.gate(values)], table);
    }
  });

test("what names a filter that the other view lacks falls back", async () => {
  const { scene } = await ready({ filters: [2, 1] });
  scene.set({ x: "filter1", y: "filter0", direction: "1", length: 1 });
  scene.set({ view: "frozen" });
  assert.deepEqual([scene.settings.x, scene.settings.y, scene.settings.direction], ["mid0", "filter0", "random"]);
  scene.set({ view: "full", x: "filter0", y: "filter1", direction: "0" });
  scene.set({ view: "frozen" });
  assert.deepEqual([scene.settings.x, scene.settings.y, scene.settings.direction], ["filter0", "mid1", "0"]);
});

test("a view without filters has no filter axes, values or directions", async () => {
  const { scene } = await ready({ filters: [2, null] });
  scene.set({ x: "filter0", view: "frozen" });
  assert.deepEqual([scene.settings.x, scene.settings.direction], ["mid0", "random"]);
  assert.deepEqual(scene.filterValues(), []);
  assert.deepEqual(scene.settings.moved.frozen, []);
  const { scene: without } = await ready({ filters: [null, null] });
  assert.equal(without.settings.direction, "random");
  assert.equal(without.reach(0), 0);
});

test("axes are named with their share of the variance, filters with their site", async () => {
  const { scene } = await ready();
  const axes = scene.axes();
  const sites = ["mid", "post"].flatMap((site) => [0, 1, 2, 3].map((k) => `${site}${k}`));
  assert.deepEqual(axes.map(({ key }) => key), [...sites, "filter0", "filter1"]);
  assert.equal(axes[0].label, "component 1 of resid_mid (12.5% of variance)");
  assert.equal(axes[7].label, "component 4 of resid_post (12.5% of variance)");
  assert.equal(axes[9].label, "filter β: distance of resid_mid beyond the fitted threshold");
});

test("mlp_out is not drawn from an answer for the other view", async () => {
  const { scene } = await ready();
  assert.ok(scene.mlpOut(0).some((value) => value !== 0));
  scene.set({ view: "frozen" });
  assert.ok(scene.mlpOut(0).every((value) => value === 0));
  await scene.answers.whenIdle();
  assert.ok(scene.mlpOut(0).some((value) => value !== 0));
});

test("the input under the pointer is shown before the pinned one", async () => {
  const { scene } = await ready();
  assert.equal(scene.shown, null);
  scene.set({ pinned: 3 });
  assert.equal(scene.shown, 3);
  scene.set({ hovered: 0 });
  assert.equal(scene.shown, 0);
  scene.set({ hovered: null });
  assert.equal(scene.shown, 3);
});

test("many neurons looked at one after the other leave every projection right", async () => {
  const { scene, plain } = await ready({ sizes: { d_mlp: 60 } });
  const sites = run(plain);
  for (let round = 0; round < 2; round++)
    for (let neuron = 0; neuron < 60; neuron++) {
      scene.set({ neuron });
      close(scene.mlpPre(), sites.map(({ mlp_pre }) => mlp_pre[neuron]), `neuron ${neuron}`);
      assert.ok(scene.view.kept.size <= 40);
    }
});

test("a network of one dimension has one component for both axes", async () => {
  const { scene } = await ready({ sizes: { d_model: 1 }, filters: [1, 1] });
  assert.deepEqual([scene.settings.x, scene.settings.y], ["mid0", "mid0"]);
  scene.set({ y: "filter0" });
  scene.set({ y: "filter7" });
  assert.equal(scene.settings.y, "mid0");
  assert.equal((await ready({ sizes: { d_model: 2 } })).scene.settings.y, "mid1");
});

test("a network without neurons has none to choose", async () => {
  const { scene, plain } = await ready({ sizes: { d_mlp: 0 } });
  assert.equal(scene.settings.neuron, null);
  assert.equal(scene.mlpPre(), null);
  assert.deepEqual([...scene.classes()], run(plain).map(({ logits }) => answer(plain, logits).class));
});

test("unknown labels and an unknown split are null", async () => {
  const { scene } = await ready({ labelled: false });
  assert.deepEqual([scene.truth, scene.train], [null, null]);
});

test("a random direction has length 1 and is determined by its seed", () => {
  for (const d of [1, 2, 5, 128])
    for (const seed of [0, 1, 2, 12345, 2 ** 31, 2 ** 32 - 1]) {
      const vector = randomUnit(d, seed);
      assert.equal(vector.length, d);
      assert.ok(Math.abs(inner([...vector], [...vector]) - 1) < 1e-12, `${d} dimensions, seed ${seed}`);
      assert.deepEqual(randomUnit(d, seed), vector);
      if (d > 1) assert.notDeepEqual(randomUnit(d, seed + 1), vector);
    }
});

test("the direction of a seed is the same in every version", () => {
  close(randomUnit(3, 1), [0.6517200479741813, 0.7577320656738726, -0.033212884821056804], "seed 1");
});

test("random directions favour no coordinate and no sign", () => {
  const vectors = Array.from({ length: 4000 }, (_, seed) => randomUnit(3, seed));
  for (let i = 0; i < 3; i++) {
    const mean = vectors.reduce((total, vector) => total + vector[i], 0) / 4000;
    const square = vectors.reduce((total, vector) => total + vector[i] ** 2, 0) / 4000;
    assert.ok(Math.abs(mean) < 0.05 && Math.abs(square - 1 / 3) < 0.03, `coordinate ${i}: ${mean}, ${square}`);
  }
});
