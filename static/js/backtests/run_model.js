/** The curves, trades and cycles of a run, and which part of it is looked at. Knows nothing of pixels or colours. */

import { SpreadModel } from "../charts/spread_model.js";

const CURVES = ["t", "equity", "drawdown", "spread", "p1", "p2"];
export const SHORTEST_VIEW = 30 * 60_000; // ms

export class RunModel extends SpreadModel {
  /** `data` as the chart address answers it; `settings`: the page's script data (trading/pages/backtest_view.py). */
  constructor(data, settings) {
    const [p1, p2] = settings.start_prices;
    super({ ...shaped(data, [p1, p2 ?? 1]), start: { at: data.t[0], p1, p2: p2 ?? 1 }, trades: [], cycles: [], figures: null, from: data.t[0], step: stepOf(data.t) }, null);
    this.openPnl = settings.open_pnl;
    this.startPrices = [p1, p2 ?? 1];
    this.overview = data;
    this.hiddenOverlays = new Set();
    this.covered = [data.t[0], data.t.at(-1)];
    this.whole = { from: data.t[0], to: data.t.at(-1) };
    this.view = { ...this.whole };
    this.take(data);
  }

  get isWhole() {
    return this.view.from <= this.whole.from && this.view.to >= this.whole.to;
  }

  window() {
    return this.view;
  }

  /** Other curves of the same run: finer ones of a part, or the overview's. Trades that are too many to be sent are not
   * drawn by halves: they come with a part that is looked at closer. */
  take(curves) {
    this.trades = curves.trades_left_out ? [] : curves.trades.map(tradeOf);
    this.cycles = cyclesOf(this.trades, this.openPnl);
    this.hidden = curves.trades_left_out ? curves.trades_left_out + curves.trades.length : 0;
    const { spread, p1, p2 } = shaped(curves, this.startPrices);
    Object.assign(this, { t: curves.t, equity: curves.equity, drawdown: curves.drawdown, spread, low: spread, high: spread, p1, p2 });
    this.overlays = curves.overlays ?? [];
    this.covered = [curves.t[0], curves.t.at(-1)];
    this.hole = Math.max(40 * 60_000, 6 * stepOf(curves.t));
  }

  /** Looks at another part; never shorter than half an hour and never outside of the run. */
  look(from, to) {
    const length = Math.min(this.whole.to - this.whole.from, Math.max(SHORTEST_VIEW, to - from));
    const begin = Math.max(this.whole.from, Math.min(from, this.whole.to - length));
    this.view = { from: begin, to: begin + length };
    if (begin < this.covered[0] || begin + length > this.covered[1]) this.take(this.overview);
  }

  /** Whether the present curves are too coarse for what is looked at. */
  get wantsDetail() {
    const { from, to } = this.view;
    const [first, last] = this.covered;
    return !this.isWhole && (this.hidden > 0 || last - first > (to - from) * 2.6);
  }

  /** Lowest and highest of a column in view, trades not counted. */
  bounds(name) {
    let [low, high] = [Infinity, -Infinity];
    for (let index = this.firstInView(); index < this.t.length && this.t[index] <= this.view.to; index += 1) {
      const value = this[name][index];
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    return low <= high ? { low, high } : { low: 0, high: 0 };
  }

  extent() {
    const found = this.bounds("spread");
    for (const trade of this.tradesInWindow()) {
      found.low = Math.min(found.low, trade.spread);
      found.high = Math.max(found.high, trade.spread);
    }
    return found;
  }

  /** The last point before the view, so that lines enter it from the left. */
  firstInView() {
    return Math.max(0, this.nearest(this.view.from) - 1);
  }

  /** `[ms, value]` of a column, from just before the view to just after it. */
  points(name) {
    const found = [];
    for (let index = this.firstInView(); index < this.t.length; index += 1) {
      found.push([this.t[index], this[name][index]]);
      if (this.t[index] > this.view.to) break;
    }
    return found;
  }

  changes(leg) {
    const found = [];
    for (let index = this.firstInView(); index < this.t.length; index += 1) {
      found.push([this.t[index], this.change(leg, index)]);
      if (this.t[index] > this.view.to) break;
    }
    return found;
  }

  cyclesInView() {
    return this.cycles.filter((cycle) => cycle.from <= this.view.to && (cycle.to ?? Infinity) >= this.view.from);
  }
}

/** Percent since the start become prices, as the other charts have them; a run whose candles are gone has none. */
function shaped(data, [one, two]) {
  const length = data.t.length;
  const filled = (column) => (column.length ? column : new Array(length).fill(0));
  const prices = (column, start) => filled(column).map((percent) => start * (1 + percent / 100));
  const curves = Object.fromEntries(CURVES.map((name) => [name, data[name]]));
  const spread = filled(data.spread);
  return { ...curves, spread, low: spread, high: spread, p1: prices(data.p1, one), p2: prices(data.p2, two) };
}

function stepOf(times) {
  return times.length > 1 ? (times.at(-1) - times[0]) / (times.length - 1) : 60_000;
}

/** As the bot page's chart has its trades. Both legs pay one rate, so the fee is shared by what they are worth. */
function tradeOf(trade) {
  const isClose = trade.pnl !== undefined;
  const values = [1, 2].map((leg) => Math.abs(trade[`q${leg}`]) * trade[`p${leg}`]);
  const total = values[0] + values[1];
  const legs = [1, 2]
    .filter((leg) => values[leg - 1] > 0)
    .map((leg) => ({
      leg,
      side: trade[`q${leg}`] > 0 ? "buy" : "sell",
      amount: Math.abs(trade[`q${leg}`]),
      price: trade[`p${leg}`],
      fee: (trade.fees * values[leg - 1]) / total,
    }));
  return { ...trade, action: isClose ? "close" : trade.action, reason: trade.action, pnl: isClose ? trade.pnl : null, legs, naked_ms: 0 };
}

function cyclesOf(trades, openPnl) {
  const found = new Map();
  for (const trade of trades) {
    const known = found.get(trade.cycle) ?? { number: trade.cycle, from: trade.t, to: null, pnl: openPnl };
    if (trade.action === "close") Object.assign(known, { to: trade.t, pnl: trade.pnl });
    found.set(trade.cycle, known);
  }
  return [...found.values()];
}
