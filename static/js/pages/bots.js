/* The list of bots: rows that move by themselves, and several bots chosen for one question. */

import { watchBots } from "../bot_rows.js";
import { openQuestion } from "../confirm.js";
import { onRefresh } from "../refresh.js";

const PART = "bots-found";
const chosen = new Set(); // ids, kept while rows are fetched anew
const form = document.getElementById("bulk");

const boxes = () => [...document.querySelectorAll(`#${PART} input[name=bot]`)];

function show() {
  const shown = boxes();
  const known = new Set(shown.map((box) => box.value));
  for (const id of chosen) if (!known.has(id)) chosen.delete(id);
  for (const box of shown) box.checked = chosen.has(box.value);
  const all = document.getElementById("pick-all");
  if (all) {
    all.hidden = false;
    all.checked = shown.length > 0 && chosen.size === shown.length;
    all.indeterminate = chosen.size > 0 && chosen.size < shown.length;
  }
  if (form) tell();
}

function tell() {
  const words = document.getElementById("bulk-words").content;
  const some = words.querySelector("[data-some]").textContent.replace("%(n)s", String(chosen.size));
  document.getElementById("bulk-count").textContent = chosen.size ? some : words.querySelector("[data-none]").textContent;
  form.classList.toggle("is-idle", chosen.size === 0);
  for (const button of form.querySelectorAll("button")) button.disabled = chosen.size === 0;
}

document.addEventListener("change", (event) => {
  if (event.target.id === "pick-all") for (const box of boxes()) event.target.checked ? chosen.add(box.value) : chosen.delete(box.value);
  else if (event.target.matches(`#${PART} input[name=bot]`)) event.target.checked ? chosen.add(event.target.value) : chosen.delete(event.target.value);
  else return;
  show();
});

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  const wish = new URLSearchParams([["action", event.submitter.value], ...[...chosen].map((id) => ["bot", id])]);
  openQuestion(`${form.getAttribute("action")}?${wish}`);
});

onRefresh(show);
document.addEventListener("htmx:afterSwap", show);
for (const box of boxes()) if (box.checked) chosen.add(box.value); // as the browser remembers them
show();
watchBots({ parts: [PART] });
