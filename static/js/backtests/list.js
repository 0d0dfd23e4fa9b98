/* The list of back-tests: follows what runs, and lays those that are chosen side by side. */

import { refresh } from "../refresh.js";

const PAUSE_MS = 2000;
const words = JSON.parse(document.getElementById("list-words").textContent);
const form = document.getElementById("compare-form");
const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);

const chosen = new Set();

function count() {
  for (const box of form.querySelectorAll("input[name=ids]")) {
    if (box.checked) chosen.add(box.value);
    else chosen.delete(box.value);
  }
  const bar = document.getElementById("compare-bar");
  if (!bar) return;
  const n = chosen.size;
  const isTooMany = n > words.compare_most;
  bar.classList.toggle("is-on", n > 0);
  bar.querySelector("[data-count]").textContent = n === 0 ? words.choose : fill(isTooMany ? words.most : words.chosen, { n, most: words.compare_most });
  bar.querySelector("[data-compare]").disabled = n < 2 || isTooMany;
}

form.addEventListener("change", count);
document.querySelector("[data-list-filter]").addEventListener("change", (event) => event.target.matches("select") && event.currentTarget.requestSubmit());

/** While something waits or runs, its row comes anew; what was chosen stays chosen. */
window.setInterval(() => {
  const list = document.getElementById("backtests");
  if (Number(list.dataset.open) > 0 && !list.contains(document.activeElement)) refresh(["backtests"]);
}, PAUSE_MS);

new MutationObserver(() => {
  for (const box of form.querySelectorAll("input[name=ids]")) box.checked = chosen.has(box.value);
}).observe(form, { childList: true });

count();
