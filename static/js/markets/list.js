/* The list of markets: its figures come anew every few seconds while somebody looks; choosing other prices reloads. */

import { fetched } from "../fetched.js";
import { paint } from "../figures.js";

const PAUSE_MS = 4000;

async function renew() {
  const table = document.querySelector(".markets-table");
  if (!table || document.visibilityState !== "visible") return;
  const prices = await fetched(table.dataset.prices);
  if (!table.isConnected) return;
  const lost = document.querySelector(".markets-lost");
  if (lost) lost.hidden = prices !== null;
  table.classList.toggle("is-stale", prices === null);
  for (const row of prices ? table.querySelectorAll("tr[data-symbol]") : []) {
    const figures = prices[row.dataset.symbol];
    if (figures) paint(row, figures);
  }
}

async function follow() {
  await renew();
  window.setTimeout(follow, PAUSE_MS);
}

/** Title, badge and filters belong to the prices: the whole page comes anew. */
document.querySelector("[data-reload]").addEventListener("change", (event) => event.target.form.submit());
window.setTimeout(follow, PAUSE_MS);
