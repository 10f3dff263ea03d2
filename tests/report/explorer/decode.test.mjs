import assert from "node:assert/strict";
import { test } from "node:test";

import { decode } from "../../../src/scrubjay/report/assets/explorer/decode.js";
import { normals, packed } from "./portraits.mjs";

const EXTREMES = {
  f4: [0, -0, 1.5, -3.4028234663852886e38, 1.401298464324817e-45, Infinity],
  f8: [0, -0, Math.PI, -Number.MAX_VALUE, Number.MIN_VALUE, -Infinity],
  i4: [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)],
  i2: [0, 1, -1, 32767, -32768],
  u1: [0, 1, 255],
};
const KINDS = { f4: Float32Array, f8: Float64Array, i4: Int32Array, i2: Int16Array, u1: Uint8Array };

for (const [dtype, values] of Object.entries(EXTREMES))
  test(`${dtype} keeps its extremes and gets its own type of array`, () => {
    const found = decode(packed(values, dtype));
    assert.ok(found instanceof KINDS[dtype]);
    assert.deepEqual([...found], values);
  });

test("bytes are little-endian", () => {
  const of = (...bytes) => Buffer.from(bytes).toString("base64");
  assert.deepEqual([...decode({ dtype: "i2", base64: of(1, 2, 0xff, 0xff) })], [0x0201, -1]);
  assert.deepEqual([...decode({ dtype: "i4", base64: of(1, 2, 3, 4) })], [0x04030201]);
  assert.deepEqual([...decode({ dtype: "f4", base64: of(0, 0, 0x80, 0x3f) })], [1]);
  assert.deepEqual([...decode({ dtype: "f8", base64: of(0, 0, 0, 0, 0, 0, 0xf0, 0x3f) })], [1]);
});

// Base64 is padded in three different ways, according to the number of bytes.
for (const count of [0, 1, 2, 3, 4, 5, 1001])
  test(`arrays of ${count} values of every type`, () => {
    const draw = normals(count + 1);
    for (const dtype of Object.keys(KINDS)) {
      const values = KINDS[dtype].from({ length: count }, () => 40 * draw());
      assert.deepEqual(decode(packed([...values], dtype)), values);
    }
  });

test("null stays null", () => assert.equal(decode(null), null));
