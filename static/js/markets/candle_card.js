/** The card around the candles: which length, its states, what is read, older candles when somebody moves back. */

import { el } from "../charts/elements.js";
import { fetched } from "../fetched.js";
import { amount, pctSigned, price, when } from "../format.js";
import { CandleChart } from "./candle_chart.js";
import { CandleModel } from "./candle_model.js";
import { follow } from "./market_feed.js";

const PAGE = 300;

export class CandleCard {
  constructor(market, words) {
    Object.assign(this, { market, words, feed: null, model: new CandleModel(market.candles ?? []), timeframe: market.timeframe });
    this.hasAll = false;
    this.asks = false;
    this.asked = 0;
    this.host = document.getElementById("candle-chart");
    this.state = document.getElementById("candle-state");
    this.readout = document.getElementById("candle-readout");
    this.voice = this.host.parentElement.appendChild(el("p", "visually-hidden"));
    this.voice.setAttribute("aria-live", "polite");
    this.chart = new CandleChart(this.host, { digits: market.digits, onRead: (...seen) => this.read(...seen), onBeginning: () => this.older() });
    for (const button of document.querySelectorAll("[data-timeframe]")) {
      button.addEventListener("click", () => this.choose(button.dataset.timeframe));
    }
    if (market.candles) this.begin();
    else this.choose(this.timeframe);
  }

  get length() {
    return this.market.lengths[this.timeframe];
  }

  /** An answer that was overtaken by a later choice is dropped. */
  async choose(timeframe) {
    this.timeframe = timeframe;
    for (const button of document.querySelectorAll("[data-timeframe]")) {
      button.setAttribute("aria-pressed", String(button.dataset.timeframe === timeframe));
    }
    this.feed?.close();
    this.asked += 1;
    const question = this.asked;
    const answer = await this.page("");
    if (question !== this.asked) return;
    this.model = new CandleModel();
    this.model.merge(answer?.data ?? []);
    this.hasAll = false;
    this.begin(answer === null);
  }

  begin(isLost = false) {
    this.tell(isLost ? this.words.unavailable : this.model.isEmpty ? this.words.no_candles : "");
    this.chart.show(this.model, this.length);
    this.retell();
    this.feed = follow(this.market, "ohlcv", { timeframe: this.timeframe, onContent: (candles) => this.take(candles) });
  }

  take(candles) {
    const wasEmpty = this.model.isEmpty;
    const before = this.model.rows.length;
    const fitting = wasEmpty ? candles : candles.filter((candle) => Date.parse(candle.at) >= this.model.rows[0][0]);
    this.model.merge(fitting);
    if (this.model.isEmpty) return;
    this.tell("");
    if (wasEmpty) this.chart.show(this.model, this.length);
    else this.chart.moved(0, before);
  }

  async older() {
    if (this.asks || this.hasAll || this.model.isEmpty) return;
    this.asks = true;
    const question = this.asked;
    const first = this.model.rows[0][0];
    const answer = await this.page(`&since=${new Date(first - PAGE * this.length).toISOString()}`);
    this.asks = false;
    if (question !== this.asked || !answer) return;
    const before = this.model.rows.length;
    const earlier = this.model.merge(answer.data.filter((candle) => Date.parse(candle.at) < first));
    this.hasAll = earlier === 0;
    this.chart.moved(earlier, before);
  }

  page(more) {
    const { exchange, path, query } = this.market;
    return fetched(`/api/v1/markets/${exchange}/ohlcv/${path}?${query}&timeframe=${this.timeframe}&limit=${PAGE}${more}`);
  }

  /** Empty: the candles are there. */
  tell(text) {
    this.state.hidden = text === "";
    this.state.dataset.state = "empty";
    this.state.querySelector("p").textContent = text;
  }

  retell() {
    const last = this.model.rows.at(-1);
    if (!last) return;
    const values = { length: this.timeframe, n: this.model.rows.length, close: price(last[4], this.market.digits) };
    this.host.setAttribute("aria-label", this.words.chart.replace(/%\((\w+)\)s/g, (_, name) => values[name]));
  }

  read([at, open, high, low, close, volume], isByKey) {
    const { words, market } = this;
    const change = (close / open - 1) * 100;
    const facts = [[words.open, open], [words.high, high], [words.low, low], [words.close, close]];
    const parts = facts.map(([word, value]) => el("span", "", word, el("b", "", price(value, market.digits))));
    parts.push(el("span", change < 0 ? "neg" : "pos", words.change, el("b", "", pctSigned(change))));
    parts.push(el("span", "", words.volume, el("b", "", `${amount(Math.round(volume))} ${market.base}`)));
    this.readout.replaceChildren(el("span", "", when(at)), ...parts);
    if (isByKey) this.voice.textContent = this.readout.innerText.replace(/\s+/g, " ");
  }
}
