/** The chart of a run: looks closer and further, along, and fetches finer curves for what is looked at. */

import * as echarts from "../../vendor/echarts/echarts.esm.min.js";

import { tradeTable } from "../charts/chart_summary.js";
import { el } from "../charts/elements.js";
import { Gestures } from "../charts/gestures.js";
import { overlayButtons, overlayRows } from "../charts/overlays.js";
import { onThemeChange, readPalette } from "../charts/palette.js";
import { Readout } from "../charts/readout.js";
import { describePoint } from "../charts/readout_card.js";
import { wording } from "../charts/wording.js";
import { fetched } from "../fetched.js";
import { partsOf } from "../format.js";
import { drawRun, plotRun } from "./run_drawing.js";
import { RunModel } from "./run_model.js";

const CALM_MS = 220;
const MANY_DAYS = 330 * 86_400_000;

export class RunChart {
  /** `settings`: the page's script data; `table` receives the trades in view; `onView(chart)` hears of every move. */
  constructor(host, settings, table, onView = () => {}) {
    Object.assign(this, { host, settings, table, onView, model: null, plot: null, strong: null, selection: null, waiting: 0, calm: null, asked: 0 });
    this.words = withYears(wording(settings.strings, settings.digits), () => this.model);
    this.palette = readPalette(host);
    this.canvas = host.appendChild(el("div", "chart-canvas"));
    this.canvas.setAttribute("aria-hidden", "true");
    this.echart = echarts.init(this.canvas);
    this.readout = new RunReadout(host, {
      source: () => this,
      describe: (point) => this.describe(point),
      onMove: (point) => this.emphasise(point?.trade ?? null),
    });
    this.gestures = new Gestures(host, this);
    this.unwatch = onThemeChange(() => {
      this.palette = readPalette(this.host);
      this.schedule();
    });
    this.sizes = new ResizeObserver(() => {
      this.echart.resize();
      this.draw();
    });
    this.sizes.observe(host);
  }

  show(data) {
    this.model = new RunModel(data, this.settings);
    overlayButtons(document.getElementById("chart-overlays"), this);
    this.draw();
    this.retell();
    this.onView(this);
  }

  look(from, to) {
    if (!this.model) return;
    this.model.look(from, to);
    this.schedule();
    this.onView(this);
    window.clearTimeout(this.calm);
    this.calm = window.setTimeout(() => this.settle(), CALM_MS);
  }

  lookAtAll() {
    const { from, to } = this.model.whole;
    this.look(from, to);
  }

  /** The last days of what is looked at; all of it for 0. */
  lookBack(days) {
    if (!days) return this.lookAtAll();
    const { to } = this.model.view;
    return this.look(to - days * 86_400_000, to);
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

  /** Once nothing moves any more: the words for readers, and finer curves where the present ones are too coarse. */
  async settle() {
    this.retell();
    if (!this.model.wantsDetail) return;
    this.asked += 1;
    const question = this.asked;
    const { from, to } = this.model.view;
    const room = (to - from) * 0.4;
    const bounds = { from: Math.floor(Math.max(this.model.whole.from, from - room)), to: Math.ceil(Math.min(this.model.whole.to, to + room)) };
    const curves = await fetched(`${this.settings.chart}?${new URLSearchParams(bounds)}`);
    if (question !== this.asked || !curves?.t.length) return;
    const { view } = this.model;
    if (curves.t[0] > view.from + 1 && curves.t[0] > bounds.from + (to - from)) return;
    this.model.take(curves);
    this.schedule();
    this.retell();
    this.onView(this);
  }

  schedule() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.draw();
    });
  }

  draw() {
    const size = { width: this.host.clientWidth, height: this.host.clientHeight };
    if (!this.model || this.model.empty || size.width < 120 || size.height < 160) return;
    this.plot = plotRun(this.model, size, this.settings.is_pair);
    this.echart.setOption(drawRun(this), { replaceMerge: ["series"] });
    this.readout.place();
  }

  describe(point) {
    const card = describePoint(point, { ...this.settings, model: this.model, words: this.words });
    const equity = this.model.equity[point.index];
    const value = el("strong", `num ${equity < 0 ? "neg" : "pos"}`, this.words.signed(equity), el("small", "", this.settings.currency));
    card.append(...overlayRows(this.model, point.index, this.words));
    card.append(el("div", "readout-foot", el("span", "", this.words.say("equity_word")), value));
    return card;
  }

  emphasise(trade) {
    if (this.strong === trade) return;
    this.strong = trade;
    this.schedule();
  }

  select(selection) {
    this.selection = selection;
    this.schedule();
  }

  retell() {
    const { low, high } = this.model.bounds("equity");
    const spread = this.model.extent();
    const signed = this.words.signed;
    const values = { last: signed(this.model.equity.at(-1)), low: signed(low), high: signed(high), from: signed(spread.low), to: signed(spread.high) };
    this.host.setAttribute("aria-label", this.words.say("run_summary", values));
    this.table?.replaceChildren(tradeTable(this.model, this.words, this.settings.currency));
  }

  image() {
    return this.echart.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: this.palette.surface });
  }
}

/** Over all panes, from the equity down to the legs. */
class RunReadout extends Readout {
  place() {
    super.place();
    if (!this.point || !this.source().plot) return;
    const { plot } = this.source();
    if (plot.x(this.point.at) > plot.right + 1) this.hide();
    this.cross.style.top = `${plot.equity.top - 8}px`;
    this.cross.style.height = `${plot.legs.bottom - plot.equity.top + 8}px`;
  }

  heightFor(plot) {
    const y = plot.y(this.point.trade ? this.point.trade.spread : this.source().model.spread[this.point.index]);
    const covers = y < plot.hero.top + this.card.offsetHeight && y > plot.hero.top - 20;
    return covers ? Math.max(4, plot.hero.top - this.card.offsetHeight - 6) : plot.hero.top - 4;
  }
}

/** Days carry their year where many of them are in view. */
function withYears(words, model) {
  const day = (at) => {
    const view = model()?.view;
    const text = words.day(at);
    return view && view.to - view.from > MANY_DAYS ? `${text} ${partsOf(at).year}` : text;
  };
  return { ...words, day, moment: (at) => `${words.day(at)} ${partsOf(at).year} ${words.hour(at)}` };
}
