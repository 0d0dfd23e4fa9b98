/* The form of a search: counts the sets and draws the split while one types. */

import { dataOf, LiveForm } from "../live_form.js";

const form = document.getElementById("search-form");

const live = new LiveForm(form, {
  whole: ["sets", "seed", "folds", "out_of_sample_pct", "min_cycles"],
  nameField: "name",
  isBehind: () => false,
  onAnswer: (fresh, data) => {
    anotherStrategy(fresh, data.strategy);
    follow(fresh, data.filled_for);
  },
});

/** What the server filled in for another pair or another candle length, fees and lots that are not shown included. */
function follow(fresh, place) {
  for (const select of form.querySelectorAll("select[data-options]")) takeOptions(select, fresh);
  for (const name of ["since", "until"]) {
    const [input, twin] = [form.elements[name], fresh.querySelector(`[name="${name}"]`)];
    for (const bound of ["min", "max"]) input.setAttribute(bound, twin.getAttribute(bound) ?? "");
  }
  if (form.elements.filled_for.value === place) return;
  for (const input of form.querySelectorAll("input[type=hidden][name]:not([name=csrfmiddlewaretoken])")) {
    const twin = fresh.querySelector(`input[type=hidden][name="${input.name}"]`);
    if (twin) input.value = twin.value;
  }
  live.takeValues(fresh);
}

/** Another strategy has other parameters of its own, and may trade one market only. */
function anotherStrategy(fresh, name) {
  const rows = document.getElementById("vary");
  if (rows.dataset.strategy === name) return;
  rows.replaceWith(document.adoptNode(fresh.querySelector("#vary")));
  form.querySelector("[data-leg='2']").hidden = fresh.querySelector("[data-leg='2']").hidden;
}

function takeOptions(select, fresh) {
  const twin = fresh.querySelector(`select[name="${select.name}"]`);
  if (select.options.length !== twin.options.length || select.value !== twin.value) select.innerHTML = twin.innerHTML;
}

/** A parameter that begins to vary starts from half to twice the value that it had. */
function suggest(select) {
  const row = select.closest("[data-vary]");
  const field = (name) => row.querySelector(`[name="${name}:${CSS.escape(row.dataset.vary)}"], [name^="${name}:"]`);
  const base = Number((row.querySelector(".vary-base input, .vary-fixed")?.value ?? row.querySelector(".vary-fixed")?.textContent ?? "1").replace(/[^\d.]/g, ""));
  if (!(base > 0)) return;
  const isWhole = row.dataset.vary === "max_dca_times";
  const shown = (value) => String(Number(value.toPrecision(6)));
  const fill = (name, value) => {
    const input = field(name);
    if (input.value === "") input.value = value;
  };
  if (select.value === "range" || select.value === "log") {
    fill("low", isWhole ? "1" : shown(base / 2));
    fill("high", isWhole ? shown(base) : shown(base * 2));
    if (select.value === "range") fill("step", isWhole ? "1" : shown(base / 4));
  } else if (select.value === "values") {
    fill("values", isWhole ? shown(base) : [base / 2, base, base * 2].map(shown).join(" "));
  }
}

form.addEventListener("change", ({ target }) => target.matches(".vary-how") && suggest(target), { capture: true });
dataOf(document);
