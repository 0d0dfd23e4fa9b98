/* The bot form: its chart, its markets, and whose account it is. How it answers is in live_form.js. */

import { LadderChart } from "../charts/ladder_chart.js";
import { dataOf, LiveForm } from "../live_form.js";
import { redrawWhenChosen } from "../redraw.js";
import { watchMarkets } from "./market_picker.js";

const form = document.getElementById("bot-form");
const strings = JSON.parse(document.getElementById("chart-words").textContent);
const chart = new LadderChart(document.getElementById("ladder-chart"), strings);

const ownNames = [...form.querySelectorAll('[name^="strategy_params."], [name="sizing.window"], [name="sizing.least"]')].map((input) => input.name);

const live = new LiveForm(form, {
  whole: ["tick_interval", "max_quote_age", ...ownNames],
  nameField: "bot_name",
  isBehind: (fresh, data) => !data.spread && fresh.querySelector('[data-part="price-1"]').textContent.trim() !== "",
  onAnswer: (fresh, data, isBehind) => {
    showAccount(fresh);
    if (!isBehind) chart.show(data);
  },
});

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

const start = document.getElementById("id_start_time");
start.closest(".when-box").addEventListener("click", () => {
  if (!start.disabled) start.showPicker?.();
});

redrawWhenChosen(form, { id_strategy: "strategy", "id_sizing.mode": "sizing" });

watchMarkets(form, (name) => {
  live.touched.add(name);
  live.ask("check");
});
chart.show(dataOf(document));
