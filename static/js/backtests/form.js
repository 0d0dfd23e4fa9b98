/* The form of a back-test. Markets that are chosen anew bring their own candle lengths, time, fees and lots along. */

import { LadderChart } from "../charts/ladder_chart.js";
import { dataOf, LiveForm } from "../live_form.js";
import { redrawWhenChosen } from "../redraw.js";

const form = document.getElementById("backtest-form");
const strings = JSON.parse(document.getElementById("chart-words").textContent);
const chart = new LadderChart(document.getElementById("ladder-chart"), strings);

const ownNames = [...form.querySelectorAll('[name^="strategy_params."], [name="sizing.window"], [name="sizing.least"]')].map((input) => input.name);

const live = new LiveForm(form, {
  whole: ownNames,
  nameField: "name",
  isBehind: (_fresh, data) => !data.spread && data.coins.every(Boolean),
  onAnswer: (fresh, data, isBehind) => {
    follow(fresh, data.filled_for);
    if (!isBehind) chart.show(data);
  },
});

/** What the server filled in for another pair or another candle length. */
function follow(fresh, place) {
  for (const select of form.querySelectorAll("select[data-options]")) takeOptions(select, fresh);
  for (const name of ["since", "until"]) {
    const [input, twin] = [form.elements[name], fresh.querySelector(`[name="${name}"]`)];
    for (const bound of ["min", "max"]) input.setAttribute(bound, twin.getAttribute(bound) ?? "");
  }
  if (form.elements.filled_for.value === place) return;
  form.elements.filled_for.value = place;
  live.takeValues(fresh);
}

/** What the exchange offers, and the choice that the server came to. */
function takeOptions(select, fresh) {
  const twin = fresh.querySelector(`select[name="${select.name}"]`);
  const offered = (element) => [...element.options].map((option) => option.value).join("|");
  if (offered(select) !== offered(twin)) select.innerHTML = twin.innerHTML;
  if (select.value !== twin.value) select.value = twin.value;
}

redrawWhenChosen(form, { id_strategy: "strategy", "id_sizing.mode": "sizing" });
chart.show(dataOf(document));
