/** The live chart's whole range, and a part of it that somebody looks at closer. Know nothing of pixels or colours. */

import { SpreadModel } from "./spread_model.js";

const SHORTEST_VIEW = 10 * 60_000; // ms
const FINEST_STEP = 1000;
const LINES_THINNED_FROM = 1400; // bars: beyond that the server may have left some out
const COARSE = 2.6; // times what is looked at: beyond that finer points are worth a question

export class LiveModel extends SpreadModel {
  constructor(data, span) {
    super(data, span);
    this.step = data.step;
    this.overlays = [];
    this.hiddenOverlays = new Set();
  }

  get view() {
    return this.window();
  }

  get isWhole() {
    return true;
  }
}

/** Shows the whole's points until finer ones arrive. Looking at the present it goes along with it, else it stands. */
export class PartModel extends SpreadModel {
  constructor(whole, from, to) {
    super(whole, whole.span);
    this.whole = whole;
    this.finerOverlays = null;
    this.takeWhole();
    this.look(from, to);
  }

  get isWhole() {
    return false;
  }

  get nowAt() {
    return this.whole.lastAt;
  }

  get overlays() {
    return this.finerOverlays ?? this.whole.overlays;
  }

  get hiddenOverlays() {
    return this.whole.hiddenOverlays;
  }

  window() {
    return this.view;
  }

  /** Never shorter than ten minutes and never outside of the range. Returns false when that is all of it. */
  look(from, to) {
    const all = this.whole.window();
    const length = Math.min(all.to - all.from, Math.max(SHORTEST_VIEW, to - from));
    const begin = Math.max(all.from, Math.min(from, all.to - length));
    this.view = { from: begin, to: begin + length };
    if (begin < this.covered.from || (begin + length > this.covered.to && !this.reachesNow)) this.takeWhole();
    return length < all.to - all.from;
  }

  get wantsDetail() {
    const { from, to } = this.view;
    return this.step > FINEST_STEP && Math.min(this.covered.to, this.whole.window().to) - this.covered.from > (to - from) * COARSE;
  }

  /** Whether the whole's lines leave out bars of what is looked at, or do not reach back to it. */
  get wantsFinerLines() {
    const [first] = this.whole.overlays;
    return Boolean(first?.t.length) && (first.t[0] > this.view.from || first.t.length >= LINES_THINNED_FROM);
  }

  /** `data` as the chart address answers it for a part. */
  take(data) {
    const { t, spread, low, high, trades, cycles, step } = data;
    Object.assign(this, { t: [...t], spread: [...spread], low: [...low], high: [...high], trades, cycles, step });
    this.p1 = data.p1.map(Number);
    this.p2 = data.p2.map(Number);
    this.hole = Math.max(this.whole.hole, 6 * step);
    this.covered = { from: data.from, to: data.to };
    this.reachesNow = data.to >= this.whole.lastAt;
  }

  takeWhole() {
    this.finerOverlays = null;
    const { from, to } = this.whole.window();
    this.take({ ...this.whole, from, to });
  }

  /** What the live feed brought. */
  follow(points, figures) {
    const before = this.lastAt;
    const goesAlong = this.reachesNow && this.view.to >= before;
    this.figures = figures ?? this.figures;
    if (!this.reachesNow || !this.append(points)) return;
    const moved = goesAlong ? this.lastAt - before : 0;
    this.view = { from: this.view.from + moved, to: this.view.to + moved };
  }

  /** Nothing is dropped: the whole drops what is too old. */
  trim() {}

  extent() {
    let low = Infinity;
    let high = -Infinity;
    const { from, to } = this.view;
    for (let index = Math.max(0, this.nearest(from) - 1); index < this.t.length && this.t[index] <= to; index += 1) {
      low = Math.min(low, this.low[index]);
      high = Math.max(high, this.high[index]);
    }
    for (const trade of this.tradesInWindow()) {
      low = Math.min(low, trade.spread);
      high = Math.max(high, trade.spread);
    }
    return low <= high ? { low, high } : { low: this.now, high: this.now };
  }
}
