/** The last trades of everybody, newest first; the side is said by arrow and word, not by colour alone. */

import { el } from "../charts/elements.js";
import { amount, exact, partsOf, price } from "../format.js";
import { follow } from "./market_feed.js";

const SHOWN = 40;

export class TradesTable {
  constructor(market, words) {
    Object.assign(this, { market, words, trades: [] });
    this.body = document.getElementById("market-trades");
    this.state = document.getElementById("trades-state");
    follow(market, "trades", { onContent: (trades, isWhole) => this.take(trades, isWhole), onLost: () => this.lost() });
  }

  take(trades, isWhole) {
    this.trades = [...(isWhole ? [] : this.trades), ...trades].slice(-SHOWN);
    this.state.textContent = this.trades.length ? "" : this.words.none;
    this.body.replaceChildren(...this.trades.map((trade) => this.row(trade)).reverse());
  }

  row(trade) {
    const isBuy = trade.side === "buy";
    const cell = el("span", `num ${isBuy ? "pos up" : "neg down"}`, price(trade.price, this.market.digits));
    cell.append(el("span", "visually-hidden", ` ${isBuy ? this.words.bought : this.words.sold}`));
    const { hour, minute, second } = partsOf(trade.at);
    const time = el("time", "", `${hour}:${minute}:${second}`);
    time.dateTime = trade.at;
    time.title = exact(trade.at);
    return el("tr", "", el("td", "", cell), el("td", "n", amount(trade.amount)), el("td", "n soft", time));
  }

  lost() {
    this.state.textContent = this.words.unavailable;
  }
}
