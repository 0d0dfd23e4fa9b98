/* The page of one bot: figures, chart and tables move by themselves while the bot looks at its markets. */

import { flash } from "../flash.js";
import { onRefresh, refresh } from "../refresh.js";
import { announceAge, Feed } from "../socket.js";
import { toastLine } from "../toasts.js";
import { ChartCard } from "./bot_chart.js";
import { showFigures } from "./bot_figures.js";

const POLL_MS = 10_000;
const EVERYTHING = ["bot-head", "bot-figures", "bot-legs", "bot-health", "bot-tabs"];
const CHANGED_BY = {
  order_update: ["bot-tabs"],
  position_update: ["bot-figures", "bot-legs", "bot-tabs"],
  bot_status: EVERYTHING,
  log: ["bot-tabs"],
};

const bot = JSON.parse(document.getElementById("bot-data").textContent);
const chart = new ChartCard(bot);

/** The parity tab costs a whole back-test: it stands until its reader asks again. */
const PARITY = "#tab-content[data-tab=parity]";
const refreshParts = (ids) => refresh(document.querySelector(PARITY) ? ids.filter((id) => id !== "bot-tabs") : ids);

let figures = bot.figures;
let heard = performance.now();
let isFirst = true;

function take(fresh) {
  const before = figures;
  figures = fresh;
  heard = performance.now();
  showFigures(fresh, bot);
  announceAge(fresh.stale_s, bot.max_quote_age);
  if (!before || before.level !== fresh.level || before.cycle !== fresh.cycle || before.side !== fresh.side) traded();
}

function traded() {
  refreshParts(EVERYTHING);
  chart.loadSoon();
}

/** The page came from the server a moment ago; only a later snapshot may hold more than it shows. */
function takeSnapshot(data) {
  if (data.figures) take(data.figures);
  if (!isFirst) traded();
  isFirst = false;
}

function takeFrame({ type, data }) {
  if (type === "spread_update") {
    take(data);
    chart.push(data);
    return;
  }
  if (type === "log") toastLine(data);
  refreshParts(CHANGED_BY[type] ?? []);
  if (type === "position_update") chart.loadSoon();
}

/** A bot that is stopped looks at no market, so nothing comes through the feed: the page asks for itself. */
async function poll() {
  if (document.visibilityState !== "visible" || performance.now() - heard < POLL_MS) return;
  try {
    const answer = await fetch(bot.figures_url);
    const fresh = answer.ok ? (await answer.json()).figures : null;
    if (fresh && performance.now() - heard >= POLL_MS) take(fresh);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

const keys = () => new Set([...document.querySelectorAll("#bot-tabs [data-key]")].map((row) => row.dataset.key));
let known = keys();

/** Rows that were not there before light up once. */
onRefresh(() => {
  for (const row of document.querySelectorAll("#bot-tabs [data-key]")) if (!known.has(row.dataset.key)) flash(row);
  known = keys();
  if (figures) showFigures(figures, bot);
});

/** Tabs and pages change in place and in the address. */
async function openTab(link) {
  history.pushState(null, "", link.href);
  await showTab();
}

async function showTab() {
  const answer = await fetch(window.location.href, { headers: { "X-Requested-With": "fetch" } });
  if (!answer.ok) return window.location.reload();
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = document.adoptNode(page.getElementById("bot-tabs"));
  document.getElementById("bot-tabs").replaceWith(fresh);
  window.htmx.process(fresh);
  known = keys();
  fresh.querySelector("[aria-current]")?.focus({ preventScroll: true });
  return undefined;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("#bot-tabs a[data-tab], #bot-tabs .pager a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  openTab(link);
});
window.addEventListener("popstate", showTab);
window.setInterval(poll, POLL_MS / 4);
if (figures) announceAge(figures.stale_s, bot.max_quote_age);

new Feed(bot.socket, { onSnapshot: takeSnapshot, onFrame: takeFrame });
