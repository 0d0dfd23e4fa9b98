/* The chart's card: which time it shows, its states, its buttons. */

import { leaveFullOnEscape, saveImage, toggleFull } from "../charts/chart_tools.js";
import { SpreadChart } from "../charts/spread_chart.js";
import { fetched } from "../fetched.js";

const AGAIN_MS = 1200;
const CLOSER = 0.6;

export class ChartCard {
  constructor(bot) {
    this.bot = bot;
    this.card = document.getElementById("chart-card");
    this.host = document.getElementById("spread-chart");
    this.range = matchMedia("(max-width: 767.98px)").matches ? bot.phone_range : bot.range;
    this.chart = new SpreadChart(this.host, bot, document.getElementById("chart-table"), {
      fetchPart: (from, to) => fetched(`${bot.chart}?${new URLSearchParams({ from, to })}`),
      fetchLines: bot.lines && ((from, to) => fetched(`${bot.lines}?${new URLSearchParams({ from, to })}`)),
      onView: (chart) => this.showView(chart),
    });
    this.asked = 0;
    this.timer = null;
    for (const button of this.card.querySelectorAll("[data-range]")) {
      button.addEventListener("click", () => this.choose(button.dataset.range));
    }
    const press = {
      "chart-in": () => this.chart.model && this.chart.zoom(CLOSER),
      "chart-out": () => this.chart.model && this.chart.zoom(1 / CLOSER),
      "chart-whole": () => this.chart.live && this.chart.lookAtAll(),
      "chart-refresh": () => this.load(),
      "chart-again": () => this.load(),
      "chart-save": () => this.chart.plot && saveImage(this.chart, `${bot.labels.filter(Boolean).join("-").toLowerCase()}-${this.range}`),
      "chart-full": () => toggleFull(this.card),
    };
    for (const [id, action] of Object.entries(press)) document.getElementById(id).addEventListener("click", action);
    leaveFullOnEscape(() => this.card);
    this.choose(this.range);
  }

  choose(range) {
    this.range = range;
    this.chart.part = null;
    for (const button of this.card.querySelectorAll("[data-range]")) {
      button.setAttribute("aria-pressed", String(button.dataset.range === range));
    }
    return this.load();
  }

  /** Answers that were overtaken by a later question are dropped. */
  async load() {
    this.asked += 1;
    const question = this.asked;
    const data = await fetched(`${this.bot.chart}?range=${this.range}`);
    if (question !== this.asked) return;
    if (!data) {
      if (!this.chart.model) this.state("failed");
      return;
    }
    this.state(data.t.length ? null : "empty");
    this.chart.show(data, data.span);
  }

  /** Soon, and once for many reasons. */
  loadSoon() {
    this.timer ??= window.setTimeout(() => {
      this.timer = null;
      this.load();
    }, AGAIN_MS);
  }

  /** What is looked at, beside the title; the way back to all of it only where there is one. */
  showView({ part, words }) {
    const shown = document.getElementById("window-shown");
    shown.textContent = part ? `${words.moment(part.view.from)} \u2013 ${words.moment(part.view.to)}` : "";
    document.getElementById("chart-whole").hidden = !part;
  }

  push(figures) {
    const { points = [], ...rest } = figures;
    if (this.chart.model?.empty) this.loadSoon();
    else this.chart.push(points, rest);
    this.linesAfterClose();
  }

  /** A closed candle lengthens the strategy's lines. */
  linesAfterClose() {
    const { live } = this.chart;
    const bar = Math.floor((live?.lastAt ?? 0) / this.bot.timeframe_ms);
    if (!this.bot.lines || bar === this.bar) return;
    if (this.bar !== undefined) this.linesTimer ??= window.setTimeout(() => this.drawLines(), AGAIN_MS);
    this.bar = bar;
  }

  drawLines() {
    this.linesTimer = null;
    this.chart.drawLines();
  }

  state(name) {
    for (const element of this.host.querySelectorAll(".chart-state")) element.hidden = element.dataset.state !== name;
  }
}
