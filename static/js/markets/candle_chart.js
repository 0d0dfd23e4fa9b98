/** The candles of one market: drawn when something changed, zoomed and moved by hand, read by cursor or keys. */

import * as echarts from "../../vendor/echarts/echarts.esm.min.js";

import { onThemeChange, readPalette } from "../charts/palette.js";
import { candleOption } from "./candle_drawing.js";

const FIRST_SHOWN = 120;
const FIRST_SHOWN_NARROW = 60;
const NARROW = 560;
const NEAR_THE_BEGINNING = 8; // candles

export class CandleChart {
  /** `onRead(row, isLast)` hears which candle is looked at; `onBeginning()` that older ones are wanted. */
  constructor(host, { digits, onRead, onBeginning }) {
    Object.assign(this, { host, digits, onRead, onBeginning, model: null, length: 0, waiting: 0, reading: null, span: null });
    this.palette = readPalette(host);
    this.canvas = host.appendChild(document.createElement("div"));
    this.canvas.className = "chart-canvas";
    this.canvas.setAttribute("aria-hidden", "true");
    this.echart = echarts.init(this.canvas);
    this.echart.on("datazoom", () => this.zoomed());
    this.echart.on("updateAxisPointer", (event) => this.pointed(event));
    this.echart.getZr().on("globalout", () => this.read(null));
    host.addEventListener("keydown", (event) => this.key(event));
    onThemeChange(() => {
      this.palette = readPalette(host);
      this.schedule();
    });
    new ResizeObserver(() => this.resized()).observe(host);
  }

  /** Other candles: the newest of them are shown. */
  show(model, length) {
    Object.assign(this, { model, length, reading: null });
    const last = model.rows.length - 1;
    const shown = this.host.clientWidth < NARROW ? FIRST_SHOWN_NARROW : FIRST_SHOWN;
    this.span = { from: Math.max(0, last - shown + 1), to: last };
    this.draw();
  }

  /** The same candles went on, or `earlier` older ones came in front; who looks at the newest goes on doing so. */
  moved(earlier, before) {
    const last = this.model.rows.length - 1;
    const follows = this.span.to >= before - 1;
    const added = last + 1 - before - earlier;
    const shift = earlier + (follows ? added : 0);
    this.span = { from: Math.max(0, this.span.from + shift), to: Math.min(last, this.span.to + shift) };
    if (this.reading !== null) this.reading += earlier;
    this.schedule();
  }

  schedule() {
    this.waiting ||= requestAnimationFrame(() => {
      this.waiting = 0;
      this.draw();
    });
  }

  draw() {
    const size = { width: this.host.clientWidth, height: this.host.clientHeight };
    if (!this.model || this.model.isEmpty || !size.width) {
      this.echart.clear();
      return;
    }
    const { palette, digits, length, span } = this;
    const zoom = { startValue: span.from, endValue: span.to };
    this.echart.setOption(candleOption({ rows: this.model.rows, size, palette, digits, length, zoom }));
    this.read(this.reading);
  }

  resized() {
    this.echart.resize();
    this.draw();
  }

  zoomed() {
    const [zoom] = this.echart.getOption().dataZoom;
    this.span = { from: zoom.startValue, to: zoom.endValue };
    if (this.span.from <= NEAR_THE_BEGINNING) this.onBeginning();
  }

  pointed({ axesInfo }) {
    if (axesInfo?.length) this.read(axesInfo[0].value);
  }

  key(event) {
    if (!this.model || !["ArrowLeft", "ArrowRight", "Home", "End", "Escape"].includes(event.key)) return;
    event.preventDefault();
    const last = this.model.rows.length - 1;
    const now = this.reading ?? last;
    const next = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: this.span.from, End: last, Escape: null }[event.key];
    if (next === null) this.echart.dispatchAction({ type: "hideTip" });
    this.read(next === null ? null : Math.max(0, Math.min(last, next)), true);
  }

  read(index, isByKey = false) {
    const { rows } = this.model;
    this.reading = index === null || index >= rows.length ? null : index;
    this.onRead(rows[this.reading ?? rows.length - 1], isByKey);
  }
}
