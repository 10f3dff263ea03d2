import assert from "node:assert/strict";

/** Assert that two arrays of numbers are equal up to rounding: 1e-10 of the largest magnitude. */
export function close(found, expected, what = "") {
  assert.equal(found.length, expected.length, `${what}: length`);
  assert.ok(found.length > 0, `${what}: nothing to compare`);
  const scale = Math.max(1e-12, ...Array.from(expected, Math.abs));
  found.forEach((value, i) => {
    const isClose = Math.abs(value - expected[i]) <= 1e-10 * scale;
    assert.ok(isClose, `${what}: value ${i} is ${value}, expected ${expected[i]}`);
  });
}
