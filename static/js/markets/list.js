/* The list of markets: its figures are pushed; while the socket is down they are asked for every few seconds. Choosing
 * other prices reloads, another search or page opens another socket. */

import { fetched } from "../fetched.js";
import { paint } from "../figures.js";
import { MarketFeed } from "./market_feed.js";

const PAUSE_MS = 4000;

let feed = null;
let address = null;
let isPushed = false;

const tableShown = () => document.querySelector(".markets-table");

/** `prices`: by symbol; null where there are none, and what is shown is old. */
function show(prices) {
  const table = tableShown();
  if (!table) return;
  const lost = document.querySelector(".markets-lost");
  if (lost) lost.hidden = prices !== null;
  table.classList.toggle("is-stale", prices === null);
  for (const row of prices ? table.querySelectorAll("tr[data-symbol]") : []) {
    const figures = prices[row.dataset.symbol];
    if (figures) paint(row, figures);
  }
}

function listen() {
  const wished = tableShown()?.dataset.feed ?? null;
  if (wished === address) return;
  feed?.close();
  address = wished;
  isPushed = false;
  feed = wished ? new MarketFeed(wished, { onSnapshot: show, onFrame: (frame) => show(frame.data) }) : null;
  if (feed) feed.onLost = () => show(null);
}

async function renew() {
  const table = tableShown();
  if (!table || isPushed || document.visibilityState !== "visible") return;
  const prices = await fetched(table.dataset.prices);
  if (table.isConnected && !isPushed) show(prices);
}

async function ask() {
  await renew();
  window.setTimeout(ask, PAUSE_MS);
}

document.addEventListener("feed:state", (event) => {
  isPushed = event.detail.state === "live";
});
document.addEventListener("htmx:afterSettle", listen);
/** Title, badge and filters belong to the prices: the whole page comes anew. */
document.querySelector("[data-reload]").addEventListener("change", (event) => event.target.form.submit());
listen();
window.setTimeout(ask, PAUSE_MS);
