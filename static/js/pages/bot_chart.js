/* The chart's card: which time it shows, its states, its buttons. */

import { SpreadChart } from "../charts/spread_chart.js";

const AGAIN_MS = 1200;

export class ChartCard {
  constructor(bot) {
    this.bot = bot;
    this.card = document.getElementById("chart-card");
    this.host = document.getElementById("spread-chart");
    this.range = matchMedia("(max-width: 767.98px)").matches ? bot.phone_range : bot.range;
    this.chart = new SpreadChart(this.host, bot, document.getElementById("chart-table"));
    this.asked = 0;
    this.timer = null;
    for (const button of this.card.querySelectorAll("[data-range]")) {
      button.addEventListener("click", () => this.choose(button.dataset.range));
    }
    const press = { "chart-refresh": () => this.load(), "chart-again": () => this.load(), "chart-save": () => this.save(), "chart-full": () => this.fill() };
    for (const [id, action] of Object.entries(press)) document.getElementById(id).addEventListener("click", action);
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.card.classList.remove("is-full"));
    this.choose(this.range);
  }

  choose(range) {
    this.range = range;
    for (const button of this.card.querySelectorAll("[data-range]")) {
      button.setAttribute("aria-pressed", String(button.dataset.range === range));
    }
    return this.load();
  }

  /** Answers that were overtaken by a later question are dropped. */
  async load() {
    this.asked += 1;
    const question = this.asked;
    const data = await this.fetched();
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

  async fetched() {
    try {
      const answer = await fetch(`${this.bot.chart}?range=${this.range}`);
      return answer.ok ? await answer.json() : null;
    } catch (error) {
      if (error instanceof TypeError) return null;
      throw error;
    }
  }

  push(figures) {
    const { points = [], ...rest } = figures;
    if (this.chart.model?.empty) this.loadSoon();
    else this.chart.push(points, rest);
  }

  state(name) {
    for (const element of this.host.querySelectorAll(".chart-state")) element.hidden = element.dataset.state !== name;
  }

  save() {
    if (!this.chart.plot) return;
    const link = document.createElement("a");
    link.href = this.chart.image();
    link.download = `${this.bot.labels.join("-").toLowerCase()}-${this.range}.png`;
    link.click();
  }

  /** Where the browser knows no full screen for elements, the card covers the page. */
  fill() {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (this.card.requestFullscreen) this.card.requestFullscreen();
    else this.card.classList.toggle("is-full");
  }
}
