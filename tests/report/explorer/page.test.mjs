import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const asset = (name) => readFileSync(new URL(`../../../src/scrubjay/report/assets/${name}`, import.meta.url), "utf8");
const VERDICTS = ["holds", "partly", "fails", "not-applicable", "ranked"];

/** What page.js does with some rows of claims, in a stand-in for the page. */
async function opened(rows) {
  const handlers = {};
  const place = (id) => ({ addEventListener: (name, handler) => (handlers[`${id} ${name}`] = handler), value: "", textContent: "null" });
  const ids = Object.fromEntries(["portrait", "claims-words", "claims-told", "claims-filter", "theme", "explorer"].map((id) => [id, place(id)]));
  const checked = { value: "" };
  const documentElement = { dataset: {} };
  const heard = [];
  globalThis.document = { getElementById: (id) => ids[id], querySelectorAll: () => rows, querySelector: () => checked, documentElement, dispatchEvent: ({ type }) => heard.push(type) };
  globalThis.addEventListener = (name, handler) => (handlers[name] = handler);
  globalThis.getComputedStyle = () => ({ colorScheme: documentElement.dataset.theme ?? "dark" });
  await import("../../../src/scrubjay/report/assets/explorer/page.js");
  const told = ids["claims-told"];
  const atFirst = told.textContent;
  const choose = (verdict, words) => {
    checked.value = verdict;
    ids["claims-words"].value = words;
    handlers["claims-filter input"]();
    return { shown: rows.filter(({ hidden }) => !hidden).map(({ textContent }) => textContent), told: told.textContent };
  };
  const printed = () => {
    const [closed, open] = [{ open: false }, { open: true }];
    globalThis.document.querySelectorAll = () => [closed];
    handlers.beforeprint();
    const during = closed.open;
    handlers.afterprint();
    return [during, closed.open, open.open];
  };
  const turn = () => handlers["theme click"]() ?? [documentElement.dataset.theme, heard.length];
  return { choose, turn, printed, atFirst };
}

test("claims are filtered by every verdict that the page offers and by words, and the theme is turned over", async () => {
  const offered = [...asset("page.html").matchAll(/<input type="radio" name="verdict" value="([^"]*)"/g)].map(([, value]) => value);
  assert.deepEqual(offered, ["", ...VERDICTS]);
  const rows = VERDICTS.flatMap((verdict, k) => [0, 1].map((at) => ({ dataset: { verdict }, textContent: `Claim ${k} ${at}` })));
  const { choose, turn, printed, atFirst } = await opened(rows);
  assert.equal(atFirst, "10 of 10 claims");
  VERDICTS.forEach((verdict, k) => assert.deepEqual(choose(verdict, ""), { shown: [`Claim ${k} 0`, `Claim ${k} 1`], told: "2 of 10 claims" }));
  assert.equal(choose("", "").told, "10 of 10 claims");
  assert.deepEqual(choose("", " cLAIM 3 "), { shown: ["Claim 3 0", "Claim 3 1"], told: "2 of 10 claims" });
  assert.deepEqual(choose("ranked", " 1"), { shown: ["Claim 4 1"], told: "1 of 10 claims" });
  assert.equal(choose("fails", "no such words").told, "0 of 10 claims");
  assert.deepEqual([turn(), turn()], [["light", 1], ["dark", 2]]);
  assert.deepEqual(printed(), [true, false, true]); // what is folded is open on paper
});

/** The declarations of the first rule of a style sheet that begins with a selector. */
function declared(sheet, selector) {
  const rule = sheet.split("\n").find((line) => line.trim().startsWith(`${selector} {`));
  assert.ok(rule, `no rule for ${selector}`);
  return Object.fromEntries([...rule.slice(rule.indexOf("{") + 1).matchAll(/([\w-]+): ([^;}]+)/g)].map(([, name, value]) => [name, value.trim()]));
}

/** The contrast of two colours as WCAG 2.2 defines it. */
function contrast(a, b) {
  const [high, low] = [a, b].map(luminance).sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

function luminance(hex) {
  const long = hex.length === 4 ? `#${[...hex.slice(1)].map((digit) => digit + digit).join("")}` : hex;
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(long.slice(at, at + 2), 16) / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

test("contrast is as WCAG's own examples have it", () => {
  assert.ok(Math.abs(contrast("#fff", "#000000") - 21) < 1e-9);
  assert.ok(Math.abs(contrast("#777777", "#ffffff") - 4.48) < 0.005);
});

test("every verdict is legible in light, dark and print", () => {
  const sheet = asset("page.css");
  const [screen, print] = sheet.split("@media print");
  const schemes = {
    light: [screen, declared(screen, ":root")],
    dark: [screen, declared(screen, ':root[data-theme="dark"]')],
    print: [print, declared(print, ':root, :root[data-theme="dark"]')],
  };
  for (const [scheme, [, variables]] of Object.entries(schemes))
    for (const verdict of VERDICTS) {
      const isNew = ["ranked", "not-applicable"].includes(verdict);
      const own = declared(screen, isNew ? `.verdict.${verdict}` : `.${verdict}`);
      const printed = scheme === "print" && isNew ? declared(print, ".verdict.ranked, .verdict.not-applicable") : {};
      const { background, color } = { ...own, ...printed };
      const value = (words) => variables[words.match(/^var\((--\w+)\)$/)?.[1]] ?? words;
      const found = contrast(value(color), background === "none" ? variables["--paper"] : value(background));
      assert.ok(found >= 4.5, `${verdict} in ${scheme}: contrast ${found.toFixed(2)}`);
    }
});

test("a skipped line of evidence is quiet, and still legible", () => {
  const [screen] = asset("page.css").split("@media print");
  for (const selector of [".skipped h2", ".skipped .prose"]) assert.equal(declared(screen, selector).color, "var(--quiet)");
  for (const root of [":root", ':root[data-theme="dark"]']) {
    const variables = declared(screen, root);
    assert.ok(contrast(variables["--quiet"], variables["--paper"]) >= 4.5);
  }
});
