import assert from "node:assert/strict";
import { test } from "node:test";

import { percent, short } from "../../../src/scrubjay/report/assets/explorer/elements.js";

test("numbers have three digits, and an exponent if they are very large or very small", () => {
  const shown = [[0, "0.00"], [1, "1.00"], [-2.5, "−2.50"], [0.001, "0.00100"], [0.00099, "9.9e−4"], [-0.00072, "−7.2e−4"], [999, "999"], [1000, "1.0e+3"], [-123456, "−1.2e+5"]];
  for (const [value, words] of shown) assert.equal(short(value), words);
});

test("shares are percentages with one decimal", () => {
  assert.deepEqual([0, 0.98349, 1].map(percent), ["0.0%", "98.3%", "100.0%"]);
});
