/* Scores over two parameters: a cell for each pair of values, its score in it where there is room. */

import * as echarts from "../../vendor/echarts/echarts.esm.min.js";

import { onThemeChange, readPalette } from "../charts/palette.js";
import { kinds, plain } from "../format.js";
import { dataFor } from "./drawn.js";
import { inkOn, MIDDLE, rangeOf, scoreColour } from "./scale.js";

const CELL_FOR_TEXT = 34;

export class HeatMap {
  constructor(host, settings) {
    Object.assign(this, { host, settings, of: "score", data: null });
    this.chart = echarts.init(host, null, { renderer: "canvas" });
    this.x = document.getElementById("map-x");
    this.y = document.getElementById("map-y");
    for (const select of [this.x, this.y]) select.addEventListener("change", () => this.choose(select));
    for (const button of document.querySelectorAll(".map-tools [data-of]")) button.addEventListener("click", () => this.show(button));
    onThemeChange(() => this.draw());
    new ResizeObserver(() => {
      this.chart.resize();
      this.draw();
    }).observe(host);
    this.load();
  }

  /** Both axes always differ: whoever is chosen twice takes the other's place. */
  choose(select) {
    const other = select === this.x ? this.y : this.x;
    if (select.value === other.value) other.value = this.before[select === this.x ? 0 : 1];
    this.load();
  }

  show(button) {
    this.of = button.dataset.of;
    for (const one of document.querySelectorAll(".map-tools [data-of]")) one.setAttribute("aria-pressed", String(one === button));
    this.load();
  }

  async load() {
    this.before = [this.x.value, this.y.value];
    const query = new URLSearchParams({ x: this.x.value, y: this.y.value, of: this.of });
    this.data = (await dataFor(this.host, `${this.settings.map}?${query}`, () => this.load())) ?? this.data;
    this.draw();
  }

  label(name, value) {
    const words = this.settings.choices[name];
    if (typeof value === "number") return plain(value, decimals(value));
    return words?.[String(value)] ?? String(value);
  }

  draw() {
    if (!this.data) return;
    const { x, y, xs, ys, cells } = this.data;
    const palette = readPalette(this.host);
    const colour = scoreColour(palette, rangeOf(cells.map((cell) => cell[2])), this.middle);
    const labels = { color: palette.text3, fontSize: 11, fontFamily: palette.font };
    const axis = (name, values) => ({
      type: "category", data: values.map((value) => this.label(name, value)), axisLine: { show: false }, axisTick: { show: false }, splitLine: { show: false },
      name: this.settings.names[name], nameLocation: "middle", nameTextStyle: { color: palette.text2, fontSize: 11.5, fontFamily: palette.font },
      axisLabel: { ...labels, hideOverlap: true },
    });
    const widest = Math.max(...ys.map((value) => this.label(y, value).length));
    const left = Math.min(110, 30 + widest * 7);
    const room = [(this.chart.getWidth() - left - 16) / xs.length, (this.chart.getHeight() - 62) / ys.length];
    const best = this.bestOf(cells);
    this.chart.setOption({
      animation: false,
      textStyle: { fontFamily: palette.font },
      grid: { left, right: 16, top: 12, bottom: 50, outerBoundsMode: "none" },
      xAxis: { ...axis(x, xs), nameGap: 28 },
      yAxis: { ...axis(y, ys), nameGap: left - 14 },
      tooltip: {
        trigger: "item", backgroundColor: palette.surface2, borderColor: palette.line2, borderWidth: 1, padding: [8, 11], confine: true,
        textStyle: { color: palette.text, fontSize: 12, fontFamily: palette.font },
        formatter: ({ data }) => this.card(data.value),
      },
      series: [{
        type: "heatmap",
        data: cells.map((cell) => {
          const ground = colour(cell[2]);
          const isBest = cell === best;
          return {
            value: cell,
            itemStyle: { color: ground, borderColor: isBest ? palette.text : palette.surface, borderWidth: isBest ? 2 : 1 },
            label: { show: room[0] >= CELL_FOR_TEXT && room[1] >= 16 && cell[2] !== null, color: inkOn(ground, palette) },
            z: isBest ? 2 : 1,
          };
        }),
        label: { fontSize: 10.5, fontFamily: palette.font, formatter: ({ data }) => this.score(data.value[2], room[0] < 46) },
        emphasis: { itemStyle: { borderColor: palette.text, borderWidth: 1.5 } },
      }],
    }, true);
    this.describe(best);
  }

  get middle() {
    const { objective } = this.settings;
    return objective in MIDDLE ? MIDDLE[objective] : 0;
  }

  bestOf(cells) {
    return cells.reduce((found, cell) => (cell[2] !== null && (found === null || cell[2] > found[2]) ? cell : found), null);
  }

  score(value, isShort = false) {
    if (value === null) return this.settings.words.no_score;
    if (!isShort) return kinds[this.settings.score_kind](value);
    return plain(value, Math.abs(value) < 10 ? 1 : 0);
  }

  /** Says what the drawing shows to those who do not see it. */
  describe(best) {
    const { x, y, xs, ys } = this.data;
    const where = best ? `${this.settings.names[x]} ${this.label(x, xs[best[0]])}, ${this.settings.names[y]} ${this.label(y, ys[best[1]])}: ${this.score(best[2])}` : "";
    this.host.setAttribute("aria-label", where);
    this.tabulate();
  }

  /** The same figures for whoever reads with the keyboard. */
  tabulate() {
    const { x, y, xs, ys, cells } = this.data;
    const table = document.createElement("table");
    const head = table.createTHead().insertRow();
    const heading = (row, text) => {
      const cell = row.appendChild(document.createElement("th"));
      cell.textContent = text;
    };
    heading(head, `${this.settings.names[y]} / ${this.settings.names[x]}`);
    for (const value of xs) heading(head, this.label(x, value));
    const scores = new Map(cells.map(([column, row, score]) => [`${column} ${row}`, score]));
    ys.forEach((value, row) => {
      const line = table.insertRow();
      heading(line, this.label(y, value));
      xs.forEach((_, column) => {
        const score = scores.get(`${column} ${row}`);
        line.insertCell().textContent = score === undefined ? "" : this.score(score);
      });
    });
    document.querySelector("#map-table table").replaceWith(table);
  }

  card([xIndex, yIndex, score, sets, number]) {
    const { x, y, xs, ys } = this.data;
    const { names, words } = this.settings;
    const box = document.createElement("div");
    const line = (text, isStrong = false) => {
      const row = box.appendChild(document.createElement(isStrong ? "strong" : "div"));
      row.textContent = text;
    };
    line(this.score(score), true);
    line(`${names[x]} ${this.label(x, xs[xIndex])}`);
    line(`${names[y]} ${this.label(y, ys[yIndex])}`);
    line(words.sets.replace("%(n)s", plain(sets, 0)));
    if (number !== null) line(words.set.replace("%(n)s", String(number)));
    return box;
  }
}

const decimals = (value) => Math.min(6, (String(Number(value.toPrecision(6))).split(".")[1] ?? "").length);
