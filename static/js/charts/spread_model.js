/** The points, trades and figures behind a spread chart. Knows nothing of pixels or colours. */

const KEPT_POINTS = 3000;
const HOLE_LEAST = 40 * 60_000; // ms without a point after which the line is interrupted

export class SpreadModel {
  /** `data` as the chart address answers it; `span` in ms for a rolling window, null for "since the start". */
  constructor(data, span) {
    this.span = span;
    this.t = [...data.t];
    this.spread = [...data.spread];
    this.low = [...data.low];
    this.high = [...data.high];
    this.p1 = data.p1.map(Number);
    this.p2 = data.p2.map(Number);
    this.start = { at: data.start.at, p1: Number(data.start.p1), p2: Number(data.start.p2) };
    this.trades = data.trades;
    this.cycles = data.cycles;
    this.figures = data.figures;
    this.from = data.from;
    this.hole = Math.max(HOLE_LEAST, 6 * data.step);
  }

  get empty() {
    return this.t.length === 0;
  }

  get lastAt() {
    return this.t.at(-1);
  }

  /** Where the open cycle ends on the axis. */
  get nowAt() {
    return this.lastAt;
  }

  get now() {
    return this.figures?.spread ?? this.spread.at(-1);
  }

  /** Whether nothing is known of the time just before this point. */
  afterHole(index) {
    return index > 0 && this.t[index] - this.t[index - 1] > this.hole;
  }

  change(leg, index) {
    const [prices, start] = leg === 1 ? [this.p1, this.start.p1] : [this.p2, this.start.p2];
    return (prices[index] / start - 1) * 100;
  }

  /** First and last moment of the horizontal axis, with room for what comes. */
  window() {
    const to = this.lastAt ?? this.from + (this.span ?? 3_600_000);
    const from = this.span ? to - this.span : this.from;
    const span = Math.max(to - from, 60_000);
    return { from, to: to + span * 0.035 };
  }

  /** Points `[ms, spread, price1, price2]`; those not newer than the last one are dropped. Returns whether any was new. */
  append(points) {
    let grown = false;
    for (const [at, spread, price1, price2] of points) {
      if (!this.empty && at <= this.lastAt) continue;
      this.t.push(at);
      for (const column of [this.spread, this.low, this.high]) column.push(spread);
      this.p1.push(Number(price1));
      this.p2.push(Number(price2));
      grown = true;
    }
    if (grown) this.trim();
    return grown;
  }

  /** Index of the point nearest to `at`. */
  nearest(at) {
    let low = 0;
    let high = this.t.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.t[middle] < at) low = middle;
      else high = middle;
    }
    return Math.abs(this.t[low] - at) <= Math.abs(this.t[high] - at) ? low : high;
  }

  tradesInWindow() {
    const { from, to } = this.window();
    return this.trades.filter((trade) => trade.t >= from && trade.t <= to);
  }

  /** Lowest and highest spread in the window, trades included. */
  extent() {
    const { from } = this.window();
    let low = Infinity;
    let high = -Infinity;
    for (let index = this.t.length - 1; index >= 0 && this.t[index] >= from; index -= 1) {
      low = Math.min(low, this.low[index]);
      high = Math.max(high, this.high[index]);
    }
    for (const trade of this.tradesInWindow()) {
      low = Math.min(low, trade.spread);
      high = Math.max(high, trade.spread);
    }
    return { low, high };
  }

  trim() {
    const { from } = this.window();
    const before = this.t.findIndex((at) => at >= from) - 1;
    if (this.span && before > 0) this.columns().forEach((column) => column.splice(0, before));
    if (this.t.length > KEPT_POINTS) this.thin();
  }

  columns() {
    return [this.t, this.spread, this.low, this.high, this.p1, this.p2];
  }

  /** Joins neighbours of the older half into one point each that keeps both extremes. */
  thin() {
    const half = (this.t.length >> 2) << 1;
    for (let left = 0; left < half; left += 2) {
      const right = left + 1;
      this.low[right] = Math.min(this.low[left], this.low[right]);
      this.high[right] = Math.max(this.high[left], this.high[right]);
    }
    const keep = (_, index) => index >= half || index % 2 === 1;
    [this.t, this.spread, this.low, this.high, this.p1, this.p2] = this.columns().map((column) => column.filter(keep));
  }
}
