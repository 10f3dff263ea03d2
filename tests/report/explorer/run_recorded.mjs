// node run_recorded.mjs PORTRAIT: print what the explorer shows of a network that it does not run, as a JSON object.

import { readFileSync, writeSync } from "node:fs";

import { RecordedScene } from "../../../src/scrubjay/report/assets/explorer/recorded.js";

const scene = new RecordedScene(JSON.parse(readFileSync(process.argv[2], "utf8")), () => {});
const sites = scene.sites().map(([site, name]) => {
  scene.set({ site });
  return [name, scene.axes().map(({ key }) => Array.from(scene.coordinates(key))), scene.axes().map(({ label }) => label)];
});
const patterns = Array.from({ length: scene.data.config.n_layers }, (_, layer) => {
  scene.set({ layer });
  return Array.from(scene.pattern(null));
});
const inputs = Array.from({ length: scene.size }, (_, i) => scene.domain.names.map((_, at) => scene.domain.token(i, at)));
const classes = Object.fromEntries(Object.entries(scene.views).map(([name, view]) => [name, Array.from(view.classes)]));
writeSync(1, JSON.stringify({ sites, patterns, inputs, classes, shown: Array.from(scene.classes()) }));
