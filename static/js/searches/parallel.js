/* Every set as a line over all parameters and its score; what is marked on an axis keeps its colour, the rest pales. */

import * as echarts from "../../vendor/echarts/echarts.esm.min.js";

import { onThemeChange, readPalette } from "../charts/palette.js";
import { kinds, plain } from "../format.js";
import { dataFor } from "./drawn.js";
import { MIDDLE, rangeOf, scoreColour } from "./scale.js";

export class Parallel {
  constructor(host, counter, settings) {
    Object.assign(this, { host, counter, settings, data: null });
    this.chart = echarts.init(host, null, { renderer: "canvas" });
    this.chart.on("axisareaselected", () => this.count());
    onThemeChange(() => this.draw());
    new ResizeObserver(() => {
      this.chart.resize();
      this.draw();
    }).observe(host);
    this.load();
  }

  async load() {
    this.data = (await dataFor(this.host, this.settings.parallel, () => this.load())) ?? this.data;
    this.draw();
  }

  draw() {
    if (!this.data?.rows.length) return;
    const { dimensions, rows } = this.data;
    const palette = readPalette(this.host);
    const place = dimensions.length;
    const { objective, keeps_back: keepsBack, words } = this.settings;
    const colour = scoreColour(palette, rangeOf(rows.map((row) => row[place])), objective in MIDDLE ? MIDDLE[objective] : 0);
    const isNarrow = this.chart.getWidth() < 560;
    const axes = dimensions.map((dimension, index) => this.axis(dimension, index));
    axes.push(this.scoreAxis(place, words.score, palette));
    if (keepsBack) axes.push(this.scoreAxis(place + 1, words.oos, palette));
    const thin = Math.max(0.1, Math.min(0.6, 40 / rows.length));
    const [low, high] = rangeOf(rows.map((row) => row[place]));
    const weight = (score) => thin + (0.85 - thin) * Math.max(0, Math.min(1, (score - low) / (high - low || 1))) ** 3;
    this.chart.setOption({
      animation: false,
      textStyle: { fontFamily: palette.font },
      parallel: {
        left: isNarrow ? 34 : 52, right: isNarrow ? 40 : 60, top: 46, bottom: 20, layout: "horizontal", axisExpandable: false,
        parallelAxisDefault: {
          nameLocation: "end", nameGap: 16,
          nameTextStyle: { color: palette.text2, fontSize: 11, fontFamily: palette.font, overflow: "break", width: isNarrow ? 64 : 110, align: "center", lineHeight: 13 },
          axisLine: { lineStyle: { color: palette.line2, width: 1 } }, axisTick: { lineStyle: { color: palette.line2 }, length: 4 },
          axisLabel: { color: palette.text2, fontSize: 10.5, fontFamily: palette.font, margin: 6, backgroundColor: palette.surface, padding: [1, 3], borderRadius: 3 },
          z: 10,
          areaSelectStyle: { width: 16, borderWidth: 1, borderColor: palette.accent, color: palette.accent, opacity: 0.22 },
        },
      },
      parallelAxis: axes,
      series: [{
        type: "parallel", smooth: false, inactiveOpacity: 0.04, activeOpacity: 0.9, progressive: 0,
        data: [...rows].reverse().map((row, index, all) => ({
          value: row.slice(0, axes.length).map((value) => (typeof value === "boolean" ? String(value) : value ?? "-")),
          lineStyle: { color: colour(row[place]), width: index === all.length - 1 ? 2.6 : 1.2, opacity: index === all.length - 1 ? 1 : weight(row[place]) },
        })),
      }],
    }, true);
    this.count();
  }

  axis(dimension, index) {
    const name = this.settings.names[dimension.name];
    if (!dimension.ordered) {
      const words = this.settings.choices[dimension.name] ?? {};
      return { dim: index, name, type: "category", data: dimension.values.map(String), axisLabel: { formatter: (value) => words[value] ?? value } };
    }
    const digits = dimension.high - dimension.low < 10 ? 2 : 0;
    return {
      dim: index, name, type: dimension.log ? "log" : "value", min: dimension.low, max: dimension.high, splitNumber: 4,
      axisLabel: { formatter: (value) => String(Number(value.toFixed(digits))) },
    };
  }

  scoreAxis(index, name, palette) {
    const scores = this.data.rows.map((row) => row[index]).filter((score) => score !== null);
    const [low, high] = [Math.min(...scores), Math.max(...scores)];
    const kind = this.settings.score_kind;
    const short = (value) => (Math.abs(value) >= 100 || kind === "pct" ? plain(value, 0, kind === "signed") : kinds[kind](value));
    return {
      dim: index, name, type: "value", min: low, max: high > low ? high : low + 1, splitNumber: 4,
      nameTextStyle: { color: palette.text, fontSize: 11, fontWeight: 600, fontFamily: palette.font },
      axisLine: { lineStyle: { color: palette.text3, width: 1.4 } },
      axisLabel: { showMinLabel: true, showMaxLabel: true, hideOverlap: true, formatter: short },
    };
  }

  /** How many lines pass within what is marked. */
  count() {
    const model = this.chart.getModel().getSeriesByIndex(0);
    const active = model?.getRawIndicesByActiveState("active") ?? [];
    const total = this.data.rows.length;
    const kept = active.length || total;
    const text = kept === total ? this.settings.words.sets.replace("%(n)s", plain(total, 0)) : this.settings.words.chosen.replace("%(n)s", plain(kept, 0)).replace("%(total)s", plain(total, 0));
    this.counter.textContent = text;
  }
}
