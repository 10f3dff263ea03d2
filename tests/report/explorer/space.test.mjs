import assert from "node:assert/strict";
import { test } from "node:test";

import { cut } from "../../../src/scrubjay/report/assets/explorer/space.js";
import { normals } from "./portraits.mjs";

const NEAR = 1e-9;
const dot = (a, b) => a.reduce((sum, value, k) => sum + value * b[k], 0);
const minus = (a, b) => a.map((value, k) => value - b[k]);
const cross = ([a, b, c], [d, e, f]) => [b * f - c * e, c * d - a * f, a * e - b * d];

/** On which side of each edge of a polygon in a plane a point of the plane lies: positive on the left, seen from above. */
const sides = (corners, normal, point) =>
  corners.map((corner, k) => dot(cross(minus(corners[(k + 1) % corners.length], corner), minus(point, corner)), normal));

/** The nearest point of the plane `normal` · y + offset = 0. */
function onPlane(point, normal, offset) {
  const far = (dot(normal, point) + offset) / dot(normal, normal);
  return point.map((value, k) => value - far * normal[k]);
}

function planes(count, draw) {
  return Array.from({ length: count }, () => {
    const half = [1, 2, 3].map(() => 0.1 + Math.abs(draw()));
    return { half, normal: [draw(), draw(), draw()], offset: 0.7 * draw() };
  });
}

test("every corner lies on the plane and on the surface of the box, and the corners go round", () => {
  const counted = {};
  for (const { half, normal, offset } of planes(500, normals(1))) {
    const corners = cut(normal, offset, half);
    counted[corners.length] = (counted[corners.length] ?? 0) + 1;
    for (const corner of corners) {
      assert.ok(Math.abs(dot(normal, corner) + offset) < NEAR);
      assert.ok(Math.abs(Math.max(...corner.map((value, k) => Math.abs(value) / half[k])) - 1) < NEAR);
    }
    corners.forEach((corner) => {
      const signs = sides(corners, normal, corner).filter((side) => Math.abs(side) > NEAR).map(Math.sign);
      assert.equal(new Set(signs).size, 1, `not convex: ${JSON.stringify(corners)}`);
    });
  }
  assert.deepEqual(Object.keys(counted), ["0", "3", "4", "5", "6"]); // nothing else can be cut out of a box
});

test("a point of the plane lies in the polygon if, and only if, it lies in the box", () => {
  const draw = normals(2);
  const counted = [0, 0];
  for (const { half, normal, offset } of planes(200, draw)) {
    const corners = cut(normal, offset, half);
    for (let round = 0; round < 100; round++) {
      const point = onPlane(half.map((size) => size * draw()), normal, offset);
      const room = Math.min(...point.map((value, k) => half[k] - Math.abs(value)));
      if (Math.abs(room) < NEAR) continue;
      const signs = new Set(sides(corners, normal, point).map(Math.sign));
      assert.equal(corners.length > 0 && signs.size === 1, room > 0);
      counted[Number(room > 0)] += 1;
    }
  }
  assert.ok(Math.min(...counted) > 2000, counted.join());
});

test("planes along the axes cut rectangles, and what misses the box is nothing", () => {
  const half = [1, 2, 3];
  for (let k = 0; k < 3; k++) {
    const normal = [0, 0, 0].with(k, 1);
    for (const place of [-half[k], 0, 0.5, half[k]]) {
      const corners = cut(normal, -place, half);
      assert.equal(corners.length, 4);
      for (const corner of corners) corner.forEach((value, j) => assert.equal(Math.abs(value), j === k ? Math.abs(place) : half[j]));
    }
    assert.deepEqual(cut(normal, half[k] + 0.001, half), []);
  }
  assert.deepEqual(cut([0, 0, 0], 1, half), []);
});
