/** The order book as a ladder: asks above, bids below, a bar as long as what lies there up to that price. */

import { el } from "../charts/elements.js";
import { amount, pct, plain, price } from "../format.js";
import { follow } from "./market_feed.js";

const LEVELS = 10;
const SVG = "http://www.w3.org/2000/svg";

export class BookTable {
  constructor(market, words) {
    Object.assign(this, { market, words });
    [this.asks, this.bids, this.middle, this.state] = ["book-asks", "book-bids", "book-middle", "book-state"].map((id) =>
      document.getElementById(id),
    );
    follow(market, "orderbook", { onContent: (book) => this.show(book), onLost: () => this.lost() });
  }

  show(book) {
    const [asks, bids] = [cumulated(book.asks), cumulated(book.bids)];
    const most = Math.max(asks.at(-1)?.sum ?? 0, bids.at(-1)?.sum ?? 0) || 1;
    this.asks.replaceChildren(...asks.reverse().map((level) => this.row(level, most, "ask")));
    this.bids.replaceChildren(...bids.map((level) => this.row(level, most, "bid")));
    this.state.textContent = "";
    if (!book.asks.length || !book.bids.length) return;
    const [ask, bid] = [Number(book.asks[0][0]), Number(book.bids[0][0])];
    const middle = (ask + bid) / 2;
    this.middle.textContent = `${price(middle, this.market.digits)}  ·  ${pct(((ask - bid) / middle) * 100)}`;
  }

  row(level, most, side) {
    const tone = side === "ask" ? "neg" : "pos";
    const first = el("td", "", bar(level.sum / most), el("span", `num ${tone}`, price(level.price, this.market.digits)));
    const cells = [first, el("td", "n", amount(level.amount)), el("td", "n soft", plain(level.sum, 0))];
    return el("tr", side, ...cells);
  }

  lost() {
    this.state.textContent = this.words.unavailable;
  }
}

/** Levels from the touch outwards with the value that lies there until then. */
function cumulated(rows) {
  let sum = 0;
  return rows.slice(0, LEVELS).map(([at, size]) => {
    sum += Number(at) * Number(size);
    return { price: at, amount: size, sum };
  });
}

function bar(share) {
  const svg = document.createElementNS(SVG, "svg");
  const rect = document.createElementNS(SVG, "rect");
  const set = (element, values) => Object.entries(values).forEach(([name, value]) => element.setAttribute(name, value));
  set(svg, { class: "book-depth", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" });
  set(rect, { x: 0, y: 0, width: (share * 100).toFixed(1), height: 10 });
  svg.append(rect);
  return svg;
}
