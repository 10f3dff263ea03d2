// node run_inner.mjs PORTRAIT: run the inner network of a portrait whole and with each part held at its mean, and print
// what it gives on every input as a JSON object.

import { readFileSync, writeSync } from "node:fs";

import { InnerNetwork } from "../../../src/scrubjay/report/assets/explorer/inner.js";

const inner = new InnerNetwork(JSON.parse(readFileSync(process.argv[2], "utf8")));
const keys = [...inner.heads.map((_, k) => `head${k}`), ...inner.hinges.map((_, k) => `hinge${k}`)];
const { hinges, linear, scores, classes } = inner.run([]);
const plain = (values) => values && Array.from(values);
writeSync(
  1,
  JSON.stringify({
    hinges: hinges.map(plain),
    linear: plain(linear),
    scores: plain(scores),
    classes: plain(classes),
    held: Object.fromEntries(keys.map((key) => [key, plain(inner.run([key]).classes)])),
    without: plain(inner.run(keys).classes),
  }),
);
