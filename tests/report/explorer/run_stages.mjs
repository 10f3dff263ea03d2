// node run_stages.mjs FOLDER: show every portrait of a folder in every stage that Python names for it, in a stand-in for
// a document, and print what went wrong as a JSON object. The folder holds {portrait, stages} in a file for each.

import { readFileSync, readdirSync, writeSync } from "node:fs";
import { join } from "node:path";

import { Explorer } from "../../../src/scrubjay/report/assets/explorer/explorer.js";
import { Element, install } from "./document.mjs";

install();

const [folder] = process.argv.slice(2);
const SETTINGS = [{}, { pinned: 1 }, { view: "frozen" }, { view: "full", t: 0.5, length: 2, count: 1, colour: "truth" }, { pinned: null }];
const wrong = {};
const drawn = {};
for (const file of readdirSync(folder)) {
  const { portrait, stages } = JSON.parse(readFileSync(join(folder, file), "utf8"));
  const explorer = new Explorer(portrait);
  const said = [];
  for (const name of stages) {
    const root = new Element("div");
    try {
      const parts = explorer.add(name, root);
      for (const settings of SETTINGS) {
        if (settings.colour && !explorer.scene.truth) continue;
        explorer.set(settings);
        await explorer.whenIdle();
        explorer.drawAll();
      }
      const words = root.all.flatMap(({ attributes, children }) => [...Object.values(attributes), ...children.filter((child) => typeof child === "string")]);
      said.push(...words.filter((each) => /undefined|NaN|null|\[object/.test(each)).map((each) => `${name}: ${each}`));
      if (!parts.length || root.all.length < 2) said.push(`${name}: nothing is shown`);
    } catch (error) {
      said.push(`${name}: ${error.stack}`);
      explorer.stages.delete(root);
    }
  }
  explorer.stop();
  wrong[file] = said;
  drawn[file] = stages.length;
}
writeSync(1, JSON.stringify({ wrong, drawn }));
