/** The chart of the bot form: drawn anew whenever the form's figures are. */

import * as echarts from "../../vendor/echarts/echarts.esm.min.js";

import { drawLadder, plotLadder } from "./ladder_drawing.js";
import { onThemeChange, readPalette } from "./palette.js";
import { Readout } from "./readout.js";
import { describePast } from "./readout_card.js";
import { SpreadModel } from "./spread_model.js";
import { wording } from "./wording.js";

export class LadderChart {
  constructor(host, strings) {
    Object.assign(this, { host, model: null, plot: null, strong: null, ofPairs: wording(strings) });
    this.palette = readPalette(host);
    this.canvas = host.appendChild(document.createElement("div"));
    this.canvas.className = "chart-canvas";
    this.canvas.setAttribute("aria-hidden", "true");
    this.echart = echarts.init(this.canvas);
    this.readout = new Readout(host, {
      source: () => this,
      describe: (point) => describePast(point, { model: this.model, words: this.words, labels: this.model.ladder.coins }),
      onMove: (point) => this.emphasise(point?.trade ?? null),
    });
    onThemeChange(() => {
      this.palette = readPalette(this.host);
      this.draw();
    });
    new ResizeObserver(() => {
      this.echart.resize();
      this.draw();
    }).observe(host);
  }

  /** `data`: the form's script data (bots/pages/form_view.py); nothing is drawn while its `spread` is null. */
  show(data) {
    this.readout.hide();
    this.model = data.spread ? modelOf(data) : null;
    if (data.spread) this.words = isPair(data) ? this.ofPairs : ofOneMarket(this.ofPairs);
    this.host.hidden = !this.model;
    this.draw();
  }

  emphasise(trade) {
    if (this.strong === trade) return;
    this.strong = trade;
    this.draw();
  }

  draw() {
    const size = { width: this.host.clientWidth, height: this.host.clientHeight };
    if (!this.model || this.model.empty || size.width < 120 || size.height < 80) return;
    this.plot = plotLadder(this.model, size);
    const { model, plot, palette, words, strong } = this;
    this.echart.setOption(drawLadder({ model, plot, palette, words, strong }), { replaceMerge: ["series"] });
    const { low, high } = model.extent();
    const values = { pair: model.ladder.coins.filter(Boolean).join("/"), now: words.signed(model.now), low: words.signed(low), high: words.signed(high) };
    this.host.setAttribute("aria-label", words.say(isPair(model.ladder) ? "chart_summary" : "chart_summary_change", values));
    this.readout.place();
  }
}

const isPair = ({ coins }) => coins.every(Boolean);

/** A lone market's change since the start is in percent of its price. */
const ofOneMarket = (words) => ({ ...words, levelUnit: "%", levelNamed: (value) => words.say("change_value", { change: words.signed(value) }) });

/** The form's answer in the shape that the bot page's chart has. */
function modelOf({ spread, trades, ...ladder }) {
  const step = spread.t.length > 1 ? spread.t[1] - spread.t[0] : 300_000;
  const data = {
    t: spread.t,
    spread: spread.spread,
    low: spread.spread,
    high: spread.spread,
    p1: spread.p1,
    p2: spread.p2,
    start: { at: ladder.start.at ?? spread.t[0], p1: ladder.start.p1, p2: ladder.start.p2 },
    trades: trades.map((trade) => ({ ...trade, legs: [], naked_ms: 0, reason: trade.action, action: trade.pnl === null ? trade.action : "close" })),
    cycles: [],
    figures: { spread: spread.now },
    from: Date.parse(spread.range.from),
    step,
  };
  const model = new SpreadModel(data, null);
  model.ladder = ladder;
  return model;
}
