/* The bot form answers while one types: the server checks what is there and sends the form back with its figures; fields
 * keep what stands in them, everything around them is mended. Without scripts the same form works by its buttons. */

import { LadderChart } from "../charts/ladder_chart.js";
import { watchMarkets } from "./market_picker.js";

const TYPING_MS = 350;
const WHOLE = ["tick_interval", "max_quote_age"];
const AT_ONCE = ["add", "remove", "preset", "swap", "cure"];

/** What follows from the whole ladder: it is not known while any of its numbers is wrong. */
const FIGURES = '[data-part="totals"], [data-part="past"], [data-part="spread-now"], [data-part="chart-state"], .ladder tr[data-row] td, [data-part="pair"]';

const form = document.getElementById("bot-form");
const strings = JSON.parse(document.getElementById("chart-words").textContent);
const chart = new LadderChart(document.getElementById("ladder-chart"), strings);
const touched = new Set();
let timer = null;
let running = null;

const dataOf = (root) => JSON.parse(root.querySelector("#form-data").textContent);
const isLadder = (name) => name === "ladder_spread" || name === "ladder_multiplier";

/** `wish`: which of the form's buttons was pressed, "check" for none. */
async function ask(wish) {
  window.clearTimeout(timer);
  running?.abort();
  running = new AbortController();
  const body = new FormData(form);
  body.set("do", wish);
  form.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Requested-With": "fetch" }, signal: running.signal });
    if (answer.ok) mend(new DOMParser().parseFromString(await answer.text(), "text/html"), wish);
    form.removeAttribute("aria-busy");
  } catch (error) {
    if (error.name === "AbortError") return;
    form.removeAttribute("aria-busy");
    if (!(error instanceof TypeError)) throw error;
  }
}

/** While a number is wrong the pair's last figures stay, paler, rather than vanish. */
function mend(fresh, wish) {
  const action = wish.split(":")[0];
  if (AT_ONCE.includes(action)) takeValues(fresh);
  const rows = (root) => root.querySelector(".ladder")?.dataset.levels;
  if (AT_ONCE.includes(action) || rows(fresh) !== rows(document)) replaceLadder(fresh);
  const data = dataOf(fresh);
  const isBehind = !data.spread && fresh.querySelector('[data-part="price-1"]').textContent.trim() !== "";
  form.classList.toggle("is-behind", isBehind);
  for (const part of form.querySelectorAll("[data-part]")) if (!isBehind || !part.matches(FIGURES)) mendPart(part, fresh.querySelector(`[data-part="${part.dataset.part}"]`));
  mendRows(fresh);
  markFields(fresh);
  suggestName(fresh);
  showAccount(fresh);
  if (!isBehind) chart.show(data);
}

function mendPart(part, twin) {
  if (!twin) return;
  const isHeld = part.dataset.part.startsWith("problems-") && isUnvisited(part.dataset.part.slice("problems-".length));
  const html = isHeld ? [...twin.querySelectorAll(".field-warn")].map((warning) => warning.outerHTML).join("") : twin.innerHTML;
  if (part.innerHTML !== html) part.innerHTML = html;
  part.hidden = twin.hidden;
}

/** That a field is empty is said once somebody was there, not before. */
const isUnvisited = (name) => form.elements[name]?.value === "" && !touched.has(name);

function mendRows(fresh) {
  for (const row of form.querySelectorAll("tr[data-row]")) {
    const twin = fresh.querySelector(`tr[data-row="${row.dataset.row}"]`);
    if (twin) row.className = twin.className;
  }
}

function markFields(fresh) {
  for (const input of form.querySelectorAll("input[name], select[name]")) {
    const twin = twinOf(input, fresh);
    if (!twin) continue;
    input.toggleAttribute("data-warned", twin.hasAttribute("data-warned"));
    if (twin.getAttribute("aria-invalid") && !isUnvisited(input.name)) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }
}

function twinOf(input, fresh) {
  if (!isLadder(input.name)) return fresh.querySelector(`[name="${input.name}"]`);
  const index = [...form.querySelectorAll(`[name="${input.name}"]`)].indexOf(input);
  return fresh.querySelectorAll(`[name="${input.name}"]`)[index];
}

/** After a button that fills in: the values that the server put there. */
function takeValues(fresh) {
  for (const input of form.querySelectorAll("input[name]:not([type=radio]):not([type=checkbox]):not([type=hidden])")) {
    const twin = twinOf(input, fresh);
    if (twin && !isLadder(input.name)) input.value = twin.value;
  }
  const preset = form.querySelector("#preset");
  if (preset) preset.value = fresh.querySelector("#preset")?.value ?? "";
}

function replaceLadder(fresh) {
  const [old, twin] = [form.querySelector(".ladder"), fresh.querySelector(".ladder")];
  const wasLonger = Number(old.dataset.levels) < Number(twin.dataset.levels);
  old.replaceWith(document.adoptNode(twin.cloneNode(true)));
  if (wasLonger) form.querySelector("tr[data-row]:nth-last-child(2) input")?.focus();
}

/** Whose account it is, paper or live, in the top bar as well. */
function showAccount(fresh) {
  const shown = fresh.getElementById("account-shown")?.content;
  const bar = document.querySelector(".topbar");
  const badge = bar.querySelector(":scope > :is(.badge-paper, .badge-live)");
  if (!shown || !badge) return;
  bar.querySelector(".picker > span").textContent = shown.querySelector(".name").textContent;
  badge.replaceWith(document.importNode(shown.querySelector(".badge-paper, .badge-live"), true));
  document.querySelector(".band")?.remove();
  const band = shown.querySelector(".band");
  if (band) bar.after(document.importNode(band, true));
}

/** Until somebody names the bot it is called after its pair. */
function suggestName(fresh) {
  const name = document.getElementById("id_bot_name");
  const suggested = fresh.getElementById("id_bot_name").dataset.suggested;
  if (!touched.has("bot_name") && (name.value === "" || name.value === name.dataset.suggested)) name.value = suggested;
  name.dataset.suggested = suggested;
}

/** `2000` as `2,000.00`; more decimals stay, and so does what is no number. */
function grouped(text) {
  const bare = text.replace(/[\s,]/g, "").replace("\u2212", "-");
  if (!/^-?\d+(\.\d+)?$/.test(bare)) return text;
  const places = Math.max(2, (bare.split(".")[1] ?? "").replace(/0+$/, "").length);
  return Number(bare).toLocaleString("en", { minimumFractionDigits: places, maximumFractionDigits: places });
}

function soon() {
  window.clearTimeout(timer);
  timer = window.setTimeout(() => ask("check"), TYPING_MS);
}

/** The ladder is no longer the preset's once a step or a multiplier is changed by hand. */
function leavePreset(name) {
  const preset = form.querySelector("#preset");
  if (preset && isLadder(name)) preset.value = "";
}

form.addEventListener("input", ({ target }) => {
  if (!target.name || target.id === "preset") return;
  touched.add(target.name);
  leavePreset(target.name);
  soon();
});
form.addEventListener("change", ({ target }) => {
  if (target.matches(".form-control.n") && !WHOLE.includes(target.name)) target.value = grouped(target.value);
  if (target.id === "preset") ask(target.value ? "preset" : "check");
  else if (target.matches("select, input[type=radio], input[type=checkbox]")) ask("check");
});
form.addEventListener("submit", (event) => {
  const wish = event.submitter?.value ?? "check";
  if (wish === "check" || AT_ONCE.includes(wish.split(":")[0])) {
    event.preventDefault();
    ask(wish);
  }
});

const start = document.getElementById("id_start_time");
start.closest(".when-box").addEventListener("click", () => {
  if (!start.disabled) start.showPicker?.();
});

watchMarkets(form, (name) => {
  touched.add(name);
  ask("check");
});
chart.show(dataOf(document));
