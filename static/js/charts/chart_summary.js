/** The chart for those who do not see it: one sentence with its figures, and its trades as a table. */

import { el } from "./elements.js";

export function summaryOf(model, thresholds, words, labels) {
  if (model.empty) return words.say("chart_empty");
  const { low, high } = model.extent();
  const values = { pair: labels.filter(Boolean).join("/"), now: words.level(model.now), low: words.level(low), high: words.level(high) };
  const next = thresholds.map(({ name, value }) => `${name} ${words.level(value)}`).join("; ");
  const trades = words.say("chart_trades", { n: model.tradesInWindow().length });
  return [words.say(words.isPriced ? "chart_summary_price" : "chart_summary", values), next, trades].filter(Boolean).join(". ");
}

/** Newest trade first. */
export function tradeTable(model, words, currency) {
  const head = ["time", "what", "level", words.isPriced ? "price" : "spread", "result"].map((key) => el("th", "", words.say(`column_${key}`)));
  const rows = model.tradesInWindow().toReversed().map((trade) => {
    const what = trade.action === "close" ? words.say(`reason_${trade.reason || "manual"}`) : words.say(trade.side > 0 ? "side_long" : "side_short");
    const result = trade.pnl === null ? "" : `${words.signed(trade.pnl)} ${currency}`;
    const cells = [words.moment(trade.t), what, String(trade.level), words.level(trade.spread), result];
    return el("tr", "", ...cells.map((cell) => el("td", "", cell)));
  });
  return el("table", "", el("thead", "", el("tr", "", ...head)), el("tbody", "", ...rows));
}
