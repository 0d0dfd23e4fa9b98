/* The page of one back-test: follows it while it runs, then puts the report in its place; chart, tabs, cycles. */

import { leaveFullOnEscape, saveImage, toggleFull } from "../charts/chart_tools.js";
import { fetched } from "../fetched.js";
import { day } from "../format.js";
import { followProgress } from "./progress.js";

const DAY_MS = 86_400_000;
const settingsOf = (root) => JSON.parse(root.querySelector("#backtest-data").textContent);

let chart = null;

function begin() {
  const settings = settingsOf(document);
  if (settings.is_open) followProgress(settings, arrive);
  else if (settings.chart) report(settings);
}

async function page() {
  const answer = await fetch(window.location.href, { headers: { "X-Requested-With": "fetch" } });
  return answer.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
}

/** The run has ended: its page without a reload. */
async function arrive() {
  const fresh = await page();
  if (!fresh) return window.location.reload();
  const old = document.getElementById("backtest");
  old.replaceWith(document.adoptNode(fresh.getElementById("backtest")));
  document.getElementById("feed-state").hidden = true;
  begin();
  return undefined;
}

/** Figures and tables stand there already; what draws the charts is only loaded now. */
async function report(settings) {
  const { RunChart } = await import("./run_chart.js");
  const host = document.getElementById("run-chart");
  chart = new RunChart(host, settings, document.getElementById("chart-table"), showView);
  watchTools(settings);
  await load(settings);
}

async function load(settings) {
  const data = await fetched(settings.chart);
  state(data ? null : "failed");
  if (!data) return;
  chart.show(data);
  const distribution = document.getElementById("distribution");
  if (distribution && data.distribution.counts.length) {
    const { drawDistribution } = await import("./distribution.js");
    drawDistribution(distribution, data.distribution, chart.words.say);
  }
  root().dataset.ready = "yes";
}

const root = () => document.getElementById("backtest");

function state(name) {
  for (const element of document.querySelectorAll("#run-chart .chart-state")) element.hidden = element.dataset.state !== name;
}

/** What is looked at, beside the title and on the buttons. */
function showView({ model, words }) {
  const { from, to } = model.view;
  const text = model.isWhole ? "" : words.say("window", { from: words.moment(from), to: words.moment(to) });
  document.getElementById("window-shown").textContent = text;
  const foot = document.getElementById("chart-foot");
  const told = [];
  if (!model.overview.spread.length) told.push(words.say("no_prices"));
  if (model.hidden) told.push(words.say("hidden_trades", { n: words.number(model.hidden, 0) }));
  foot.textContent = told.join(" ");
  foot.hidden = told.length === 0;
  const days = (to - from) / DAY_MS;
  for (const button of document.querySelectorAll("#chart-spans [data-days]")) {
    const wanted = Number(button.dataset.days);
    button.setAttribute("aria-pressed", String(wanted ? !model.isWhole && Math.abs(days - wanted) < 0.01 : model.isWhole));
    button.hidden = wanted > 0 && (model.whole.to - model.whole.from) / DAY_MS < wanted;
  }
}

function watchTools(settings) {
  for (const button of document.querySelectorAll("#chart-spans [data-days]")) {
    button.addEventListener("click", () => chart.model && chart.lookBack(Number(button.dataset.days)));
  }
  const press = { "zoom-in": () => chart.zoom(0.6), "zoom-out": () => chart.zoom(1 / 0.6), "chart-save": () => saveImage(chart, imageName()), "chart-full": () => toggleFull(document.getElementById("chart-card")), "chart-again": () => load(settings) };
  for (const [id, action] of Object.entries(press)) document.getElementById(id).addEventListener("click", () => (chart.model || id === "chart-again") && action());
}

const imageName = () => `${chart.settings.labels.join("-").toLowerCase()}-${day(chart.model.view.to).replaceAll(" ", "-")}`;

/** Tabs and pages change in place and in the address; the chart stays as it is looked at. */
async function openTab(link) {
  history.pushState(null, "", link.href);
  await showTab(link.dataset.tab ? "[aria-current]" : null);
}

async function showTab(focus) {
  const fresh = await page();
  const tabs = fresh?.getElementById("backtest-tabs");
  if (!tabs) return window.location.reload();
  document.getElementById("backtest-tabs").replaceWith(document.adoptNode(tabs));
  if (focus) document.querySelector(`#backtest-tabs ${focus}`)?.focus({ preventScroll: true });
  return undefined;
}

function unfold(link) {
  const row = document.getElementById(link.dataset.unfold);
  row.hidden = !row.hidden;
  link.setAttribute("aria-expanded", String(!row.hidden));
}

const isPlain = (event) => !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);

document.addEventListener("click", (event) => {
  const folded = event.target.closest("a[data-unfold]");
  const link = event.target.closest("#backtest-tabs a[data-tab], #backtest-tabs .pager a");
  if (!isPlain(event) || !(folded || link)) return;
  event.preventDefault();
  if (folded) unfold(folded);
  else openTab(link);
});
window.addEventListener("popstate", () => showTab(null));
leaveFullOnEscape(() => document.getElementById("chart-card"));

begin();
