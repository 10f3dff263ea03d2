import assert from "node:assert/strict";
import { test } from "node:test";

import { Network, dot } from "../../../src/scrubjay/report/assets/explorer/network.js";
import { close } from "./close.mjs";
import { domain, forward, inner, run } from "./forward.mjs";
import { filled, normals, portrait } from "./portraits.mjs";

const CASES = {
  "float32 weights": {},
  "float64 weights": { precision: "f8", seed: 2 },
  "attention that was held fixed in training": { frozen: true, seed: 3 },
  "one head": { sizes: { n_heads: 1, d_head: 4 }, seed: 4 },
  "one position that varies": { positions: [[2, 0, 7, 4], [8]], names: ["a", "="], seed: 5 },
  "four positions that vary": { positions: [[0, 1], [2, 3, 4], [5, 6], [1, 7], [8]], names: ["a", "b", "c", "d", "="], seed: 6 },
};

const layout = (pattern) => pattern[0].flatMap((_, s) => pattern.map((head) => head[s])); // [h][s] to [s, h]

for (const [name, wanted] of Object.entries(CASES)) {
  const { data, plain } = portrait(wanted);
  const network = new Network(data);
  const inputs = domain(plain.positions);
  const draw = normals(77);
  const vector = filled([plain.config.d_model], draw);

  test(`${name}: the choices spell every input in order`, () => {
    assert.equal(network.size, inputs.length);
    const spelled = inputs.map((_, i) => data.positions.map((tokens, at) => tokens[network.choices[at][i]]));
    assert.deepEqual(spelled, inputs);
  });

  test(`${name}: the pattern of every input`, () => {
    close(network.full, run(plain).flatMap(({ pattern }) => layout(pattern)), "pattern");
    close(network.mean, layout(plain.mean), "mean pattern");
  });

  for (const t of [0, 0.3, 1])
    test(`${name}: patterns blended at ${t}, and what is projected with them`, () => {
      const sites = run(plain, { t });
      const pattern = network.blended(t);
      close(pattern, sites.flatMap(({ pattern }) => layout(pattern)), "pattern");
      close(network.project(vector, pattern), sites.map(({ resid_mid }) => inner(resid_mid, vector)), "resid_mid");
      for (let neuron = 0; neuron < plain.config.d_mlp; neuron++)
        close(network.mlpPre(neuron, pattern, 0.25), sites.map(({ mlp_pre }) => mlp_pre[neuron] + 0.25), `neuron ${neuron}`);
    });

  test(`${name}: the token tables are what the plain network computes from the token alone`, () => {
    const { W_V, W_E, W_pos } = plain.weights;
    const { n_heads: h, d_head: e } = plain.config;
    plain.positions.forEach((tokens, s) =>
      tokens.forEach((token, at) => {
        const stream = W_E[token].map((value, i) => value + W_pos[s][i]);
        const values = W_V.flatMap((matrix) => matrix[0].map((_, j) => inner(stream, matrix.map((row) => row[j]))));
        close(network.values[s].subarray(at * h * e, (at + 1) * h * e), values, `values of token ${token} at ${s}`);
      }),
    );
    close(network.resid_pre[0], forward(plain, inputs[0]).resid_pre, "resid_pre");
  });

  test(`${name}: extended embeddings add up to the frozen resid_mid`, () => {
    const tables = plain.positions.map((_, at) => network.extended(vector, at));
    const given = inner(forward(plain, inputs[0]).resid_pre, vector);
    const sums = inputs.map((_, i) => tables.reduce((total, table, at) => total + table[network.choices[at][i]], given));
    close(sums, run(plain, { t: 0 }).map(({ resid_mid }) => inner(resid_mid, vector)), "sum of the extended embeddings");
    assert.deepEqual(tables.map(({ length }) => length), network.counts);
  });
}

test("a projection is written to the array that is passed", () => {
  const { data } = portrait();
  const network = new Network(data);
  const out = new Float64Array(network.size).fill(99);
  const vector = filled([5], normals(1));
  assert.equal(network.project(vector, network.full, out), out);
  assert.deepEqual(out, network.project(vector, network.full));
  assert.deepEqual(network.mlpPre(2, network.full), network.mlpPre(2, network.full, 0, out));
});

test("a neuron reads its column of W_in", () => {
  const { data, plain } = portrait();
  assert.deepEqual([...new Network(data).reads(3)], plain.weights.W_in.map((row) => row[3]));
});

test("scores that are too large for an exponential give all attention to the largest", () => {
  const network = new Network(portrait({ seed: 8, scales: { W_Q: 1e5 } }).data);
  const { n_heads: h } = network.config;
  for (let i = 0; i < network.size; i++)
    for (let head = 0; head < h; head++) {
      const scores = network.scores.map((table, at) => table[network.choices[at][i] * h + head]);
      assert.ok(Math.max(...scores.map(Math.abs)) > 1000);
      const best = scores.indexOf(Math.max(...scores));
      const pattern = scores.map((_, at) => network.full[(i * scores.length + at) * h + head]);
      assert.deepEqual(pattern, scores.map((_, at) => Number(at === best)));
    }
});

test("positions have the names of the data, or numbers from 1", () => {
  assert.deepEqual(new Network(portrait().data).names, ["a", "b", "c", "="]);
  assert.deepEqual(new Network(portrait({ names: null }).data).names, ["1", "2", "3", "4"]);
});

test("the inner product of two vectors", () => assert.equal(dot([1, 2, 3], [4, -5, 6]), 12));
