import assert from "node:assert/strict";
import { test } from "node:test";

import * as colours from "../../../src/scrubjay/report/assets/explorer/colours.js";

const { ZERO, ONE, STRAY, byClass, bySign, byThreshold, classPalette, css, largest } = colours;

const parts = (colour) => [colour & 255, (colour >>> 8) & 255, (colour >>> 16) & 255, colour >>> 24]; // red, green, blue, opacity
const hex = (colour) => "#" + parts(colour).slice(0, 3).map((part) => part.toString(16).padStart(2, "0")).join("");
const lightness = (colour) => {
  const [r, g, b] = parts(colour);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

test("two classes are blue and orange, and an answer in no class is grey", () => {
  assert.deepEqual([...classPalette(2)].map(hex), [ZERO, ONE, STRAY]);
});

for (const count of [3, 7, 113, 1000])
  test(`${count} classes run from dark to light, opaque, and none is grey`, () => {
    const palette = classPalette(count);
    assert.equal(palette.length, count + 1);
    const light = [...palette].slice(0, count).map(lightness);
    light.forEach((value, k) => k && assert.ok(value > light[k - 1] - 1, `class ${k}`));
    assert.ok(light[count - 1] - light[0] > 150);
    assert.ok([...palette].every((colour) => parts(colour)[3] === 255));
    assert.equal(hex(palette[count]), STRAY);
    if (count < 200) assert.equal(new Set(palette).size, count + 1);
  });

test("each class has its colour, and -1 that of no class", () => {
  const palette = Uint32Array.of(10, 20, 30, 99);
  assert.deepEqual([...byClass(Int16Array.of(2, -1, 0, 1, -1), palette)], [30, 99, 10, 20, 99]);
});

test("signed values run from purple through white to orange and stop at the limit", () => {
  const found = [...bySign(Float64Array.of(-4, -8, 0, 4, 8, 2, -2), 4)].map(hex);
  assert.deepEqual(found.slice(0, 5), ["#5e3c99", "#5e3c99", "#f7f7f7", "#c95f00", "#c95f00"]);
  assert.deepEqual(found.slice(5), ["#fdb863", "#b2abd2"]);
  const near = [...bySign(Float64Array.of(-0.1, 0.1), 4)].map(parts);
  assert.ok(near[0][2] > near[0][0] && near[1][0] > near[1][2], "the sign shows next to zero");
});

test("a threshold parts what is above zero from zero and below", () => {
  assert.deepEqual([...byThreshold(Float64Array.of(-1, 0, 1e-300, 5), Uint32Array.of(7, 8, 9))], [7, 7, 8, 8]);
});

test("the largest magnitude, of either sign; 1 where all is zero", () => {
  assert.equal(largest(Float64Array.of(1, -3, 2)), 3);
  assert.equal(largest(Float64Array.of(-0.5, 0.25)), 0.5);
  assert.equal(largest(Float64Array.of(0, 0)), 1);
  assert.equal(largest(new Float64Array(0)), 1);
});

test("a packed colour in style-sheet notation", () => {
  assert.equal(css(classPalette(2)[1]), "rgb(230 159 0)");
  assert.equal(css(0xff030201), "rgb(1 2 3)");
});
