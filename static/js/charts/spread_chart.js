/** The live spread chart of one bot: keeps a model, draws it when something changed, follows theme and size. */

import * as echarts from "../../vendor/echarts/echarts.esm.min.js";

import { summaryOf, tradeTable } from "./chart_summary.js";
import { onThemeChange, readPalette } from "./palette.js";
import { Readout } from "./readout.js";
import { describePoint } from "./readout_card.js";
import { drawSpread, plotSpread } from "./spread_drawing.js";
import { SpreadModel } from "./spread_model.js";
import { thresholdsOf } from "./thresholds.js";
import { wording } from "./wording.js";

export class SpreadChart {
  /**
   * `settings`: `strings`, `digits` (see `wording`), `labels` (base coins), `currency`, `reversion`;
   * `table` an element that receives the trades as a table, for readers of the page's text.
   */
  constructor(host, settings, table) {
    Object.assign(this, { host, settings, table, model: null, plot: null, strong: null, waiting: 0 });
    this.words = wording(settings.strings, settings.digits);
    this.palette = readPalette(host);
    this.canvas = host.appendChild(document.createElement("div"));
    this.canvas.className = "chart-canvas";
    this.canvas.setAttribute("aria-hidden", "true");
    this.echart = echarts.init(this.canvas);
    this.readout = new Readout(host, {
      source: () => this,
      describe: (point) => describePoint(point, { ...settings, model: this.model, words: this.words }),
      onMove: (point) => this.emphasise(point?.trade ?? null),
    });
    this.unwatch = onThemeChange(() => this.recolour());
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(host);
  }

  /** Shows other data; with the same `span` as before the axes stay where they are if they can. */
  show(data, span) {
    const same = this.model && this.model.span === span;
    const model = new SpreadModel(data, span);
    if (same && this.plot) this.plot = { ...this.plot, model };
    else this.readout.hide();
    this.model = model;
    this.draw();
    this.retell();
  }

  /** New points `[ms, spread, price1, price2]` and the bot's figures, as the live feed brings them. */
  push(points, figures) {
    if (!this.model) return;
    this.model.figures = figures ?? this.model.figures;
    this.model.append(points);
    this.schedule();
  }

  image() {
    return this.echart.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: this.palette.surface });
  }

  destroy() {
    cancelAnimationFrame(this.waiting);
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
    this.plot = plotSpread(this.model, size, thresholds, this.plot);
    const { model, plot, palette, words, strong } = this;
    const option = drawSpread({ model, plot, palette, words, thresholds, strong, ...this.settings });
    this.echart.setOption(option, { lazyUpdate: false });
    this.readout.place();
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
