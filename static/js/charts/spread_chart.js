/** The live spread chart of one bot: keeps a model, draws it when something changed, follows theme and size. */

import * as echarts from "../../vendor/echarts/echarts.esm.min.js";

import { summaryOf, tradeTable } from "./chart_summary.js";
import { Gestures } from "./gestures.js";
import { LiveModel, PartModel } from "./live_model.js";
import { overlayButtons, overlayRows } from "./overlays.js";
import { onThemeChange, readPalette } from "./palette.js";
import { pricedWords } from "./price_words.js";
import { Readout } from "./readout.js";
import { describePoint } from "./readout_card.js";
import { drawSpread, plotSpread } from "./spread_drawing.js";
import { thresholdsOf } from "./thresholds.js";
import { wording } from "./wording.js";

const CALM_MS = 220;

export class SpreadChart {
  /**
   * `settings`: `strings`, `digits` (see `wording`), `labels` (base coins), `currency`, `reversion`, `is_pair`;
   * `table` an element that receives the trades as a table, for readers of the page's text; `fetchPart(from, to)` gets
   * finer data of a part, `fetchLines(from, to)` the strategy's own lines, or null, `onView(chart)` hears of every look
   * at another one.
   */
  constructor(host, settings, table, { fetchPart, fetchLines = null, onView = () => {} }) {
    Object.assign(this, { host, settings, table, fetchPart, fetchLines, onView, live: null, part: null, plot: null });
    Object.assign(this, { strong: null, selection: null, waiting: 0, calm: null, asked: 0 });
    const words = wording(settings.strings, settings.digits);
    this.words = settings.is_pair ? words : pricedWords(words, () => this.model.start.p1, settings.currency);
    this.palette = readPalette(host);
    this.canvas = host.appendChild(document.createElement("div"));
    this.canvas.className = "chart-canvas";
    this.canvas.setAttribute("aria-hidden", "true");
    this.echart = echarts.init(this.canvas);
    this.readout = new Readout(host, {
      source: () => this,
      describe: (point) => this.describe(point),
      onMove: (point) => this.emphasise(point?.trade ?? null),
    });
    this.gestures = new Gestures(host, this);
    this.unwatch = onThemeChange(() => this.recolour());
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(host);
  }

  /** Shows other data; with the same `span` as before the axes stay where they are if they can. */
  show(data, span) {
    const { live: before } = this;
    const same = before && before.span === span;
    this.live = new LiveModel(data, span);
    if (before) Object.assign(this.live, { overlays: before.overlays, hiddenOverlays: before.hiddenOverlays });
    this.part = same && this.part ? new PartModel(this.live, this.part.view.from, this.part.view.to) : null;
    if (same && this.plot) this.plot = { ...this.plot, model: this.model };
    else this.readout.hide();
    this.draw();
    this.settle();
    this.drawLines();
    this.onView(this);
  }

  /** The strategy's own lines over the whole range, anew. */
  async drawLines() {
    const { live, fetchLines } = this;
    if (!fetchLines || live.empty) return;
    const found = await fetchLines(live.t[0], live.lastAt);
    if (live !== this.live || !found) return;
    live.overlays = overlaysOf(found);
    overlayButtons(document.getElementById("chart-overlays"), this);
    this.schedule();
    this.drawFinerLines();
  }

  async drawFinerLines() {
    const { part, fetchLines } = this;
    if (!fetchLines || !part?.wantsFinerLines) return;
    const { from, to } = part.covered;
    const found = await fetchLines(Math.floor(from), Math.ceil(Math.min(to, part.nowAt)));
    if (part !== this.part || !found || part.covered.from !== from) return;
    part.finerOverlays = overlaysOf(found);
    this.schedule();
  }

  /** What is drawn: the part that is looked at closer, else the whole range. */
  get model() {
    return this.part ?? this.live;
  }

  look(from, to) {
    if (!this.live || this.live.empty) return;
    this.part ??= new PartModel(this.live, from, to);
    if (!this.part.look(from, to)) this.part = null;
    this.schedule();
    this.onView(this);
    window.clearTimeout(this.calm);
    this.calm = window.setTimeout(() => this.settle(), CALM_MS);
  }

  lookAtAll() {
    const { from, to } = this.live.window();
    this.look(from, to);
  }

  /** `factor` below 1 looks closer; the moment `at` stays where it is. */
  zoom(factor, at) {
    const { from, to } = this.model.view;
    const middle = at ?? (from + to) / 2;
    this.look(middle - (middle - from) * factor, middle + (to - middle) * factor);
  }

  pan(share) {
    const { from, to } = this.model.view;
    this.look(from + (to - from) * share, to + (to - from) * share);
  }

  /** Once nothing moves any more: the words for readers, and finer points where the present ones are too coarse. */
  async settle() {
    this.retell();
    const { part } = this;
    if (!part?.wantsDetail) return;
    this.asked += 1;
    const question = this.asked;
    const { from, to } = part.view;
    const room = (to - from) * 0.4;
    const data = await this.fetchPart(Math.floor(from - room), Math.ceil(Math.min(to + room, part.nowAt)));
    if (question !== this.asked || part !== this.part || !data?.t.length) return;
    part.take(data);
    part.look(part.view.from, part.view.to);
    this.schedule();
    this.retell();
    this.drawFinerLines();
  }

  describe(point) {
    const card = describePoint(point, { ...this.settings, model: this.model, words: this.words });
    card.append(...overlayRows(this.model, point.index, this.words));
    return card;
  }

  select(selection) {
    this.selection = selection;
    this.schedule();
  }

  /** New points `[ms, spread, price1, price2]` and the bot's figures, as the live feed brings them. */
  push(points, figures) {
    if (!this.live) return;
    this.live.figures = figures ?? this.live.figures;
    this.live.append(points);
    this.part?.follow(points, figures);
    this.schedule();
  }

  image() {
    return this.echart.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: this.palette.surface });
  }

  destroy() {
    cancelAnimationFrame(this.waiting);
    window.clearTimeout(this.calm);
    this.unwatch();
    this.sizes.disconnect();
    this.echart.dispose();
  }

  /** Many changes in one frame are drawn once; a page in the background is not drawn at all. */
  schedule() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.draw();
    });
  }

  draw() {
    const size = { width: this.host.clientWidth, height: this.host.clientHeight };
    if (!this.model || this.model.empty || !size.width || !size.height) return;
    const thresholds = thresholdsOf(this.model, this.palette, this.words, this.settings.reversion);
    this.plot = plotSpread(this.model, size, thresholds, this.plot, this.settings.is_pair);
    const { model, plot, palette, words, strong, selection } = this;
    const option = drawSpread({ model, plot, palette, words, thresholds, strong, selection, ...this.settings });
    this.echart.setOption(option, { lazyUpdate: false, replaceMerge: this.replaced(option) });
    this.readout.place();
  }

  /** Axes and lines that came or went are taken apart; what stays is only moved. */
  replaced(option) {
    const kept = [option.grid.length, option.series.length].join();
    if (kept === this.drawn) return [];
    this.drawn = kept;
    return ["grid", "xAxis", "yAxis", "series"];
  }

  /** The words for readers of the page's text; not with every quote, that would never let them finish. */
  retell() {
    const thresholds = thresholdsOf(this.model, this.palette, this.words, this.settings.reversion);
    this.host.setAttribute("aria-label", summaryOf(this.model, thresholds, this.words, this.settings.labels));
    this.table?.replaceChildren(tradeTable(this.model, this.words, this.settings.currency));
  }

  emphasise(trade) {
    if (this.strong === trade) return;
    this.strong = trade;
    this.schedule();
  }

  recolour() {
    this.palette = readPalette(this.host);
    this.schedule();
  }

  resize() {
    this.echart.resize();
    this.draw();
  }
}

function overlaysOf({ t, lines }) {
  return lines.map((line) => ({ ...line, t }));
}
