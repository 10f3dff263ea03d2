import assert from "node:assert/strict";
import { test } from "node:test";

import { Network } from "../../../src/scrubjay/report/assets/explorer/network.js";
import { Readout } from "../../../src/scrubjay/report/assets/explorer/readout.js";
import { close } from "./close.mjs";
import { answer, inner, run } from "./forward.mjs";
import { filled, normals, permutation, portrait } from "./portraits.mjs";

const KINDS = {
  "the margin of two classes": { kind: "margin", classes: [[4, 2], [1]] },
  "the largest of all logits": { kind: "logits", classes: [[0], [1, 2], [3], [4, 5]] },
};

const POSITIONS = [[0, 2, 5, 7], [3, 1, 6], [4, 8], [8]];
const draw = normals(3);
const MOVE = Float64Array.from(filled([5], draw));
const PLANES = filled([2, 5], draw).map((row) => Float64Array.from(row));
const ORDER = Int32Array.from(permutation(7, draw));
const INDEX = Int32Array.from(ORDER, (_, i) => i);
const WHOLE = { t: 1, move: new Float64Array(5), order: INDEX, count: 7, fraction: 1, planes: PLANES };

/** Hold an answer against the plain forward pass on every input. */
function check(found, plain, asked, what) {
  const neurons = [...asked.order].slice(0, asked.count);
  const sites = run(plain, { t: asked.t, move: [...asked.move], neurons, fraction: asked.fraction });
  const expected = sites.map(({ logits }) => answer(plain, logits));
  assert.deepEqual([...found.classes], expected.map((each) => each.class), `${what}: classes`);
  close(found.margins, expected.map(({ margin }) => margin), `${what}: margins`);
  assert.equal(found.mlpOut.length, asked.planes.length);
  asked.planes.forEach((vector, k) => close(found.mlpOut[k], sites.map(({ mlp_out }) => inner(mlp_out, vector)), `${what}: mlp_out ${k}`));
}

// Each question is put to one readout after all questions before it, whose running sums it must not inherit wrongly.
const QUESTIONS = {
  "the whole network": WHOLE,
  "fewer neurons": { ...WHOLE, count: 2 },
  "more neurons again": { ...WHOLE, count: 6 },
  "no neuron": { ...WHOLE, count: 0 },
  "another order, the same count": { ...WHOLE, count: 3, order: ORDER },
  "the first order again": { ...WHOLE, count: 3 },
  "part of mlp_out": { ...WHOLE, count: 3, fraction: 0.4 },
  "nothing of mlp_out": { ...WHOLE, fraction: 0 },
  "a shift of resid_mid": { ...WHOLE, move: MOVE },
  "another shift": { ...WHOLE, move: MOVE.map((value) => -2 * value) },
  "the mean pattern": { ...WHOLE, t: 0 },
  "other planes": { ...WHOLE, planes: [...PLANES].reverse() },
  "one plane": { ...WHOLE, planes: PLANES.slice(1) },
  "all at once": { t: 0.35, move: MOVE, order: ORDER, count: 4, fraction: 0.7, planes: PLANES },
};

for (const [kind, wanted] of Object.entries(KINDS)) {
  const { data, plain } = portrait({ ...wanted, seed: 24, positions: POSITIONS });
  const asked = new Readout(new Network(data), data.reading);
  for (const [name, question] of Object.entries(QUESTIONS))
    test(`${kind}: ${name}`, () => check(asked.answer(question), plain, question, name));

  test(`${kind}: neuron by neuron, up and down again`, () => {
    const readout = new Readout(new Network(data), data.reading);
    for (const count of [0, 1, 2, 3, 4, 5, 6, 7, 6, 5, 4, 3, 2, 1, 0]) {
      const question = { ...WHOLE, order: ORDER, count };
      check(readout.answer(question), plain, question, `${count} neurons`);
    }
  });

  test(`${kind}: the inputs of the test have answers of several classes`, () => {
    const found = new Set(asked.answer(WHOLE).classes);
    assert.ok(found.size >= 2, `classes ${[...found]}`);
  });
}

test("an answer in no class is -1", () => {
  const { data, plain } = portrait({ kind: "logits", classes: [[0], [1]], seed: 24, positions: POSITIONS });
  const found = new Readout(new Network(data), data.reading).answer(WHOLE);
  assert.ok(found.classes.includes(-1));
  check(found, plain, WHOLE, "strays");
});

test("answers are kept when the next question is asked", () => {
  const { data } = portrait();
  const readout = new Readout(new Network(data), data.reading);
  const first = readout.answer(WHOLE);
  const copy = structuredClone(first);
  readout.answer({ ...WHOLE, count: 1, t: 0.5 });
  assert.deepEqual(first, copy);
});

test("a margin of exactly zero is class 0", () => {
  const { data } = portrait({ scales: { W_U: 0 } });
  const found = new Readout(new Network(data), data.reading).answer(WHOLE);
  assert.deepEqual(new Set(found.margins), new Set([0]));
  assert.deepEqual(new Set(found.classes), new Set([0]));
});

test("of equal logits the first counts, as in Python", () => {
  const { data } = portrait({ kind: "logits", classes: [[1], [0], [2]], scales: { W_U: 0 } });
  const found = new Readout(new Network(data), data.reading).answer(WHOLE);
  assert.deepEqual(new Set(found.classes), new Set([1]));
  assert.deepEqual(new Set(found.margins), new Set([0]));
});

test("a network without neurons adds its output bias alone", () => {
  const { data, plain } = portrait({ sizes: { d_mlp: 0 } });
  const question = { ...WHOLE, order: new Int32Array(0), count: 0 };
  check(new Readout(new Network(data), data.reading).answer(question), plain, question, "no neurons");
});
