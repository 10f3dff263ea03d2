// node run_portrait.mjs PORTRAIT SETTINGS: show a portrait (JSON as Python writes it) with each of a list of settings,
// and print what the explorer computes on every input as a list of JSON objects.

import { readFileSync, writeSync } from "node:fs";

import { Scene } from "../../../src/scrubjay/report/assets/explorer/scene.js";

const [data, every] = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, "utf8")));
const scene = new Scene(data, () => {});
const found = [];
for (const settings of every) {
  scene.set({ ...scene.initial(), ...settings });
  await scene.answers.whenIdle();
  const neuron = scene.mlpPre();
  found.push({
    names: scene.network.names,
    direction: Array.from(scene.direction()),
    order: Array.from(scene.order()),
    analysed: Array.from(scene.view.classes),
    classes: Array.from(scene.classes()),
    margins: Array.from(scene.answer.margins),
    axes: Object.fromEntries(scene.axes().map(({ key }) => [key, Array.from(scene.coordinates(key))])),
    gate: scene.view.filters && Array.from(scene.gate(scene.filterValues())),
    neuron: neuron && [scene.settings.neuron, Array.from(neuron)],
    pattern: Array.from({ length: scene.size }, (_, i) => Array.from(scene.pattern(i))),
  });
}
writeSync(1, JSON.stringify(found));
