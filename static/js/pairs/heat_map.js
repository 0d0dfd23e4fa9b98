/* One figure of every pair: markets across and upwards, a cell for each pair, on both sides of the diagonal. */

import * as echarts from "../../vendor/echarts/echarts.esm.min.js";

import { onThemeChange, readPalette } from "../charts/palette.js";
import { duration, plain } from "../format.js";
import { dataFor } from "../searches/drawn.js";
import { inkOn, rangeOf, scoreColour } from "../searches/scale.js";

const CELL_FOR_TEXT = 38;
const LABEL_ROOM = 7;
const LOW_IS_GOOD = new Set(["q_value", "oos_p_value", "half_life_bars"]);
const SPLIT = { correlation: 0 };
const RANGE = { correlation: [-1, 1], score: [0, 100], q_value: [0, 1], oos_p_value: [0, 1] };

const bare = (symbol) => symbol.split("/")[0];

export class PairMap {
  constructor(host, settings) {
    Object.assign(this, { host, settings, data: null });
    this.chart = echarts.init(host, null, { renderer: "canvas" });
    this.select = document.getElementById("map-figure");
    this.select.addEventListener("change", () => this.load());
    this.chart.on("click", ({ data }) => data && window.location.assign(`${settings.pair}${data.value[3]}/`));
    this.endTheme = onThemeChange(() => this.draw());
    this.watcher = new ResizeObserver(() => {
      this.chart.resize();
      this.draw();
    });
    this.watcher.observe(host);
    this.load();
  }

  end() {
    this.endTheme();
    this.watcher.disconnect();
    this.chart.dispose();
  }

  async load() {
    const figure = this.select.value;
    this.data = (await dataFor(this.host, `${this.settings.map}?figure=${figure}`, () => this.load())) ?? this.data;
    this.draw();
  }

  /** As it is written in a cell or beside a pair. */
  shown(value) {
    const { figure } = this.data;
    if (value === null) return this.settings.words.none;
    if (figure === "half_life_bars") return duration(value * this.settings.bar_s);
    if (figure === "score") return plain(value, 0);
    return plain(value, figure === "correlation" ? 2 : 3);
  }

  draw() {
    if (!this.data || this.chart.isDisposed()) return;
    const { markets, figure, cells } = this.data;
    const palette = readPalette(this.host);
    const colour = this.colours(palette);
    const names = markets.map(bare);
    const labels = { color: palette.text3, fontSize: 11, fontFamily: palette.font, hideOverlap: true };
    const axis = { type: "category", data: names, axisLine: { show: false }, axisTick: { show: false }, splitLine: { show: false } };
    const widest = Math.max(...names.map((name) => name.length));
    const left = Math.min(90, 18 + widest * LABEL_ROOM);
    const room = (this.chart.getWidth() - left - 16) / names.length;
    const both = cells.flatMap(([one, two, value, number]) => [[one, two, value, number], [two, one, value, number]]);
    this.chart.setOption({
      animation: false,
      textStyle: { fontFamily: palette.font },
      grid: { left, right: 16, top: 8, bottom: 60, outerBoundsMode: "none" },
      xAxis: { ...axis, axisLabel: { ...labels, rotate: room < widest * LABEL_ROOM ? 60 : 0 } },
      yAxis: { ...axis, axisLabel: labels },
      tooltip: {
        trigger: "item", backgroundColor: palette.surface2, borderColor: palette.line2, borderWidth: 1, padding: [8, 11], confine: true,
        textStyle: { color: palette.text, fontSize: 12, fontFamily: palette.font },
        formatter: ({ data }) => this.card(data.value),
      },
      series: [{
        type: "heatmap",
        progressive: 4000,
        cursor: "pointer",
        data: both.map((value) => {
          const ground = colour(value[2]);
          return { value, itemStyle: { color: ground, borderColor: palette.surface, borderWidth: room > 12 ? 1 : 0 }, label: { show: room >= CELL_FOR_TEXT && value[2] !== null, color: inkOn(ground, palette) } };
        }),
        label: { fontSize: 10.5, fontFamily: palette.font, formatter: ({ data }) => this.short(data.value[2]) },
        emphasis: { itemStyle: { borderColor: palette.text, borderWidth: 1.5 } },
      }],
    }, true);
    this.host.setAttribute("aria-label", `${this.settings.figures[figure]}: ${plain(cells.length, 0)}`);
  }

  short(value) {
    return this.data.figure === "half_life_bars" ? this.shown(value).split(" ").slice(0, 2).join(" ") : this.shown(value);
  }

  /** Where low is good the scale is turned round, so that green always is what one looks for. */
  colours(palette) {
    const { figure, cells } = this.data;
    const values = cells.map((cell) => cell[2]);
    const [low, high] = RANGE[figure] ?? rangeOf(values);
    if (!LOW_IS_GOOD.has(figure)) return scoreColour(palette, [low, high], SPLIT[figure] ?? null);
    const colour = scoreColour(palette, [-high, -low], null);
    return (value) => colour(value === null ? null : -value);
  }

  card([one, two, value]) {
    const box = document.createElement("div");
    const name = box.appendChild(document.createElement("strong"));
    name.textContent = `${this.data.markets[Math.min(one, two)]} · ${this.data.markets[Math.max(one, two)]}`;
    const figure = box.appendChild(document.createElement("div"));
    figure.textContent = `${this.settings.figures[this.data.figure]} ${this.shown(value)}`;
    return box;
  }
}
