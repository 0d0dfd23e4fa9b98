/* The dashboard: tiles that add up live figures, and equity over time. Nothing is asked for by the clock: the feed says
 * when something changed, with each snapshot of an account too. */

import { ageOf, watchBots } from "./bot_rows.js";
import { drawBalance } from "./charts/balance_chart.js";
import { onThemeChange } from "./charts/palette.js";
import { paint } from "./figures.js";
import { onRefresh, refresh } from "./refresh.js";
import { announceVenues } from "./socket.js";

const PARTS = ["stats", "exposure", "bots", "alerts"];
const BY_OTHERS = { equity_update: ["stats", "exposure", "equity-told"], notifications: ["alerts"] };
const MOVE_MS = 1000;
const VENUES_MS = 1000;

let overview = read(document);
let chart = null;
let movedAt = 0;
let toldAt = 0;
const quoted = new Map(); // by bot: its last figures

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
  tellVenues();
}

/** On the chart at most once in a second: frames come five times as often. */
function moveEquity(equity) {
  overview.equity = equity;
  if (!chart || performance.now() - movedAt < MOVE_MS) return;
  movedAt = performance.now();
  chart.move(equity);
}

/** The oldest quote of each venue among the running bots. */
function tellVenues() {
  if (performance.now() - toldAt < VENUES_MS) return;
  toldAt = performance.now();
  const oldest = new Map();
  for (const [bot, name] of Object.entries(overview.venues)) {
    const figures = quoted.get(Number(bot));
    if (figures) oldest.set(name, Math.max(oldest.get(name) ?? 0, ageOf(figures)));
  }
  announceVenues([...oldest].map(([name, seconds]) => ({ name, seconds })));
}

function draw() {
  const host = document.getElementById("equity-chart");
  chart?.dispose();
  chart = host && overview?.curve ? drawBalance(host, overview) : null;
}

/** Range and sums change in place and in the address. */
async function open(address) {
  const answer = await fetch(address, { headers: { "X-Requested-With": "fetch" } });
  if (!answer.ok) return window.location.assign(address);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const pressed = document.activeElement?.closest("#equity a")?.getAttribute("href");
  overview = read(page);
  document.getElementById("equity").replaceWith(document.adoptNode(page.getElementById("equity")));
  sizes.disconnect();
  sizes.observe(document.getElementById("equity"));
  draw();
  if (pressed) document.querySelector(`#equity a[href="${CSS.escape(pressed)}"]`)?.focus({ preventScroll: true });
  return undefined;
}

const sizes = new ResizeObserver(() => chart?.resize());

function start() {
  draw();
  onThemeChange(draw);
  sizes.observe(document.getElementById("equity"));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-part=equity]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    history.pushState(null, "", link.href);
    open(link.href);
  });
  window.addEventListener("popstate", () => open(window.location.href));
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
      quoted.set(bot, figures);
      if (!(bot in overview.bots)) return;
      const { pnl, exposure, net_exposure: net } = figures;
      overview.bots[bot] = { pnl: Number(pnl), exposure: Number(exposure), net_exposure: Number(net) };
    },
    onShown: show,
    onOther: (frame) => frame.type in BY_OTHERS && refresh(BY_OTHERS[frame.type]),
  });
}

if (overview) start();
