/* One market as it moves: figures, candles, book, trades, each from its own channel. */

import { paint } from "../figures.js";
import { announceAge } from "../socket.js";
import { BookTable } from "./book.js";
import { CandleCard } from "./candle_card.js";
import { follow } from "./market_feed.js";
import { TradesTable } from "./trades.js";

const OLD_S = 30;
const market = JSON.parse(document.getElementById("market-chart").textContent);
const words = JSON.parse(document.getElementById("market-words").textContent);
const figures = document.getElementById("market-figures");

function painted(quote) {
  paint(figures, quote);
  figures.classList.remove("is-stale");
  document.getElementById("price-age").textContent = "";
  if (!market.is_made) announceAge(Math.max(0, (Date.now() - new Date(quote.at).getTime()) / 1000), OLD_S);
}

function lost() {
  figures.classList.add("is-stale");
  document.getElementById("price-age").textContent = words.unavailable;
}

follow(market, "ticker", { onContent: painted, onLost: lost });
new CandleCard(market, words);
if (!market.is_made) {
  new BookTable(market, words);
  new TradesTable(market, words);
}
