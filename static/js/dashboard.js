/* The dashboard: tiles that add up live figures, and the balance over time. */

import { watchBots } from "./bot_rows.js";
import { drawBalance } from "./charts/balance_chart.js";
import { onThemeChange } from "./charts/palette.js";
import { paint } from "./figures.js";
import { onRefresh, refresh } from "./refresh.js";

const PARTS = ["stats", "exposure", "bots", "alerts"];
const MOVE_MS = 1000;

let overview = read(document);
let chart = null;
let movedAt = 0;

function read(source) {
  const script = source.getElementById("overview");
  return script ? JSON.parse(script.textContent) : null;
}

/** Sums over the bots that are in position; equity is the balance and what is open. */
function show() {
  const open = Object.values(overview.bots);
  const sum = (name) => open.reduce((total, bot) => total + bot[name], 0);
  const pnl = sum("pnl");
  const figures = { open_pnl: pnl, gross: sum("exposure"), net: sum("net_exposure") };
  if (overview.balance !== null) {
    figures.equity = overview.balance + pnl;
    moveEquity(figures.equity);
  }
  paint(document.getElementById("stats"), figures);
}

/** On the chart at most once in a second: frames come five times as often. */
function moveEquity(equity) {
  overview.equity = equity;
  if (!chart || performance.now() - movedAt < MOVE_MS) return;
  movedAt = performance.now();
  chart.move(equity);
}

function draw() {
  const host = document.getElementById("equity-chart");
  chart?.dispose();
  chart = host && overview?.curve ? drawBalance(host, overview) : null;
}

function start() {
  draw();
  onThemeChange(draw);
  new ResizeObserver(() => chart?.resize()).observe(document.getElementById("equity"));
  onRefresh((page) => {
    const fresh = read(page);
    if (!fresh) return;
    const isLonger = JSON.stringify(fresh.curve) !== JSON.stringify(overview.curve);
    overview = fresh;
    show();
    if (isLonger) draw();
  });
  watchBots({
    parts: PARTS,
    onFigures: (bot, figures) => {
      if (!(bot in overview.bots)) return;
      const { pnl, exposure, net_exposure: net } = figures;
      overview.bots[bot] = { pnl: Number(pnl), exposure: Number(exposure), net_exposure: Number(net) };
    },
    onShown: show,
  });
  window.setInterval(() => refresh(PARTS), 60000);
}

if (overview) start();
