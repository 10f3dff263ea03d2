import assert from "node:assert/strict";
import { test } from "node:test";

import { ACTIVATION, ACTIVATION_NAMES, erf } from "../../../src/scrubjay/report/assets/explorer/activation.js";

const near = (found, expected) => assert.ok(Math.abs(found - expected) <= 1e-15 * Math.max(1, Math.abs(expected)), `${found} for ${expected}`);

// From Python's math.erf.
const ERF = [[-7.5, -1], [-3.25, -0.9999956972205363], [-1.5, -0.9661051464753108], [-0.4, -0.42839235504666845], [0, 0], [0.1, 0.1124629160182849], [0.75, 0.7111556336535151], [2, 0.9953222650189527], [4.5, 0.9999999998033839], [5.9, 1]];

test("the error function has its known values, and is odd", () => {
  for (const [x, value] of ERF) near(erf(x), value);
  for (const [x] of ERF) assert.equal(erf(-x) + erf(x), 0);
});

test("the error function is the integral of its derivative", () => {
  const step = 1e-3;
  for (let x = -6.5; x < 6.5; x += 0.13) {
    const slope = (erf(x + step) - erf(x - step)) / (2 * step);
    assert.ok(Math.abs(slope - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x)) < 2e-6, `at ${x}`);
  }
});

test("activations have the values of PyTorch's functions", () => {
  const EXPECTED = {
    relu: [0, 0, 0, 0.3, 2.5],
    gelu: [-0.00404969409489031, -0.15426876936299344, 0, 0.1853734266566858, 2.4844758366855597],
    gelu_new: [-0.0036373920817729943, -0.15428599017485606, 0, 0.18537092354275922, 2.484915733910001],
    silu: [-0.14227761953270035, -0.1887703343990727, 0, 0.1723327550434977, 2.3103545499468914],
  };
  for (const [name, values] of Object.entries(EXPECTED)) [-3, -0.5, 0, 0.3, 2.5].forEach((x, i) => near(ACTIVATION[name](x), values[i]));
  assert.deepEqual(Object.keys(ACTIVATION_NAMES), Object.keys(ACTIVATION));
});

test("values far from zero stay finite", () => {
  for (const activation of Object.values(ACTIVATION)) {
    assert.equal(activation(1e4), 1e4);
    assert.equal(Math.abs(activation(-1e4)), 0);
  }
});
