// The report's page: it mounts the explorer, filters the table of claims, and switches between light and dark.

import { mount } from "./explorer.js";

const portrait = JSON.parse(document.getElementById("portrait").textContent);
if (portrait) globalThis.scrubjay = mount(document.getElementById("explorer"), portrait);

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
