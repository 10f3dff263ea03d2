// The report's page: it mounts the stages of all chapters, filters the table of claims, and switches between light and
// dark.

import { Explorer } from "./explorer.js";

const portrait = JSON.parse(document.getElementById("portrait").textContent);
if (portrait) {
  const explorer = new Explorer(portrait);
  for (const root of document.querySelectorAll("[data-stage]")) explorer.add(root.dataset.stage, root);
  globalThis.scrubjay = explorer;
  addEventListener("beforeprint", () => explorer.drawAll());
  document.getElementById("start")?.addEventListener("click", () => {
    const play = document.querySelector("[data-plays=t]");
    play.scrollIntoView({ block: "nearest" });
    play.focus();
    play.click();
  });
}

const rows = [...document.querySelectorAll("#claims tbody tr")];
const words = document.getElementById("claims-words");
const told = document.getElementById("claims-told");

function filterClaims() {
  const verdict = document.querySelector("input[name=verdict]:checked").value;
  const wanted = words.value.trim().toLowerCase();
  let count = 0;
  for (const row of rows) {
    const fits = (!verdict || row.dataset.verdict === verdict) && row.textContent.toLowerCase().includes(wanted);
    row.hidden = !fits;
    count += Number(fits);
  }
  told.textContent = `${count} of ${rows.length} claims`;
}

document.getElementById("claims-filter").addEventListener("input", filterClaims);
filterClaims();

document.getElementById("theme").addEventListener("click", () => {
  const isDark = getComputedStyle(document.documentElement).colorScheme === "dark";
  document.documentElement.dataset.theme = isDark ? "light" : "dark";
  document.dispatchEvent(new Event("themechange"));
});

/** On paper nothing can be unfolded. */
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("main details:not([open])")];
  for (const details of folded) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of folded) details.open = false;
});
