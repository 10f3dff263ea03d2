import assert from "node:assert/strict";
import { test } from "node:test";

import { Grid, choosing } from "../../../src/scrubjay/report/assets/explorer/grid.js";
import { Network } from "../../../src/scrubjay/report/assets/explorer/network.js";
import { portrait } from "./portraits.mjs";

const grid = (...counts) => new Grid({ counts, size: counts.reduce((a, b) => a * b, 1), isList: false });
const shape = ({ rows, columns, rowAt, columnAt, varying }) => ({ rows, columns, rowAt, columnAt, varying });

test("rows are the first positions that vary, columns the others", () => {
  assert.deepEqual(shape(grid(3, 5, 1)), { rows: 3, columns: 5, rowAt: [0], columnAt: [1], varying: [0, 1] });
  assert.deepEqual(shape(grid(1, 3, 1, 5)), { rows: 3, columns: 5, rowAt: [1], columnAt: [3], varying: [1, 3] });
});

test("of many positions, the rows take as many as make the grid most square", () => {
  assert.deepEqual(shape(grid(2, 3, 4, 1)), { rows: 6, columns: 4, rowAt: [0, 1], columnAt: [2], varying: [0, 1, 2] });
  assert.deepEqual(shape(grid(4, 1, 3, 2)), { rows: 4, columns: 6, rowAt: [0], columnAt: [2, 3], varying: [0, 2, 3] });
  assert.deepEqual(shape(grid(2, 2, 2, 2, 2)), { rows: 4, columns: 8, rowAt: [0, 1], columnAt: [2, 3, 4], varying: [0, 1, 2, 3, 4] });
});

test("one position that varies is a single row, and none at all a single cell", () => {
  assert.deepEqual(shape(grid(1, 7, 1)), { rows: 1, columns: 7, rowAt: [], columnAt: [1], varying: [1] });
  assert.deepEqual(shape(grid(1, 1)), { rows: 1, columns: 1, rowAt: [], columnAt: [0], varying: [0] });
});

test("a list fills the rows one after the other, and no place is beyond its end", () => {
  for (const size of [1, 2, 3, 7, 23, 100, 20000]) {
    const list = new Grid({ counts: [3, 9], size, isList: true });
    const { rows, columns } = list;
    assert.ok(rows * columns >= size && (rows - 1) * columns < size && columns >= rows, `${size}: ${rows} x ${columns}`);
    assert.deepEqual([list.rowAt, list.columnAt], [[], []]);
    assert.equal(list.input(0.5 / columns, (rows - 0.5) / rows), (rows - 1) * columns);
    assert.equal(list.input(1, 1), size - 1);
    assert.equal(list.step(0, "ArrowLeft"), columns - 1);
    for (const key of ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"]) assert.ok(list.step(size - 1, key) < size);
  }
});

test("a place in the image is the input whose tokens stand there", () => {
  const network = new Network(portrait({ positions: [[0, 1, 2], [4], [3, 5], [6, 7], [8]], names: null }).data);
  const found = new Grid(network);
  const { rows, columns, rowAt, columnAt } = found;
  const number = (positions, input) => positions.reduce((total, at) => total * network.counts[at] + network.choices[at][input], 0);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const input = found.input((column + 0.5) / columns, (row + 0.5) / rows);
      assert.equal(number(rowAt, input), row);
      assert.equal(number(columnAt, input), column);
    }
});

test("places outside the image are the nearest cell", () => {
  const cells = grid(3, 5, 1);
  assert.equal(cells.input(-0.1, -3), 0);
  assert.equal(cells.input(1, 1), 14);
  assert.equal(cells.input(2, 0), 4);
  assert.equal(cells.input(0, 1.01), 10);
});

test("arrow keys lead to the neighbours and over the edges", () => {
  const cells = grid(3, 5, 1);
  const steps = (input) => ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"].map((key) => cells.step(input, key));
  assert.deepEqual(steps(7), [2, 12, 6, 8]);
  assert.deepEqual(steps(0), [10, 5, 4, 1]);
  assert.deepEqual(steps(14), [9, 4, 13, 10]);
});

/** A canvas, a scene and a grid of 3 x 5, and what happens to the settings when events arrive. */
function played() {
  const listeners = {};
  const scene = { settings: { pinned: null, hovered: null }, set: (patch) => (scene.settings = { ...scene.settings, ...patch }) };
  const board = { canvas: { addEventListener: (name, listener) => (listeners[name] = listener) }, at: ({ x, y }) => [x, y] };
  choosing(board, scene, grid(3, 5, 1), (x, y) => 5 * y + x);
  return (name, event = {}) => {
    let isPrevented = false;
    listeners[name]({ ...event, preventDefault: () => (isPrevented = true) });
    return { ...scene.settings, isPrevented };
  };
}

test("pointing shows an input, leaving hides it", () => {
  const on = played();
  assert.equal(on("pointermove", { x: 2, y: 1 }).hovered, 7);
  assert.equal(on("pointerleave").hovered, null);
});

test("a click pins an input, another click unpins it, a click elsewhere pins another", () => {
  const on = played();
  assert.equal(on("click", { x: 2, y: 1 }).pinned, 7);
  assert.equal(on("click", { x: 3, y: 1 }).pinned, 8);
  assert.equal(on("click", { x: 3, y: 1 }).pinned, null);
});

test("keys move the pinned input, begin at the first, and leave other keys to the page", () => {
  const on = played();
  assert.deepEqual(on("keydown", { key: "ArrowDown" }), { pinned: 0, hovered: null, isPrevented: true });
  assert.equal(on("keydown", { key: "ArrowDown" }).pinned, 5);
  assert.equal(on("keydown", { key: "ArrowLeft" }).pinned, 9);
  assert.deepEqual(on("keydown", { key: "Tab" }), { pinned: 9, hovered: null, isPrevented: false });
  on("pointermove", { x: 1, y: 1 });
  assert.deepEqual(on("keydown", { key: "Escape" }), { pinned: null, hovered: null, isPrevented: true });
});
