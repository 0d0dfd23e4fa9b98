/** What the card beside the cursor says: of a trade both legs, prices, fees and the result; of a moment the prices. */

import { el } from "./elements.js";

/** `labels`: the legs' base coins; `currency`: what fees and results are counted in. */
export function describePoint(point, { model, words, labels, currency }) {
  const { trade, at } = point;
  const title = trade ? tradeTitle(trade, words) : words.levelNamed(model.spread[point.index]);
  const head = el("div", "readout-head", el("strong", "", title), el("span", "quiet", `${words.moment(at)} ${words.zone}`));
  const rows = trade ? tradeRows(trade, words, labels) : momentRows(point.index, model, words, labels);
  return el("div", "", head, el("div", "readout-rows", ...rows), trade ? tradeFoot(trade, model, words, currency) : "");
}

/** The same for a trade that a ladder would have made. */
export function describePast(point, { model, words, labels }) {
  const { trade, at } = point;
  const level = words.levelNamed(trade ? trade.spread : model.spread[point.index]);
  const title = trade ? pastTitle(trade, words) : level;
  const head = el("div", "readout-head", el("strong", "", title), el("span", "quiet", `${words.moment(at)} ${words.zone}`));
  const rows = el("div", "readout-rows", ...momentRows(point.index, model, words, labels));
  const foot = el("div", "readout-foot", trade ? el("span", "", level) : "");
  if (trade && trade.pnl !== null) foot.append(el("strong", `num ${trade.pnl < 0 ? "neg" : "pos"}`, words.signed(trade.pnl)));
  return el("div", "", head, rows, foot);
}

function pastTitle(trade, words) {
  if (trade.action === "close") return words.say(`reason_${trade.reason}`);
  return `${words.say(trade.side > 0 ? "open_long" : "open_short")} ${trade.level}`;
}

function tradeTitle(trade, words) {
  const side = words.say(trade.side > 0 ? "side_long" : "side_short").toLocaleLowerCase();
  if (trade.action === "close") {
    return words.say("trade_closed", { cycle: trade.cycle, reason: words.say(`reason_${trade.reason || "manual"}`) });
  }
  return words.say(trade.action === "open" ? "trade_opened" : "trade_added", { cycle: trade.cycle, level: trade.level, side });
}

function tradeRows(trade, words, labels) {
  return trade.legs.flatMap((leg) => {
    const bought = leg.side === "buy";
    return [
      el("span", bought ? "up" : "down", words.say(bought ? "bought" : "sold")),
      el("span", "num", words.amount(leg.amount), el("small", "", labels[leg.leg - 1])),
      el("span", "num", words.price(leg.price, leg.leg)),
      el("span", "num quiet", words.say("fee", { fee: words.number(leg.fee) })),
    ];
  });
}

function tradeFoot(trade, model, words, currency) {
  const says = [words.levelNamed(trade.spread)];
  if (trade.action === "close") {
    says.push(words.say("levels", { n: trade.level }));
    const cycle = model.cycles.find((other) => other.number === trade.cycle);
    if (cycle) says.push(words.say("held", { time: words.duration(trade.t - cycle.from) }));
  }
  const foot = el("div", "readout-foot", el("span", "", says.join(words.say("comma"))));
  if (trade.pnl !== null) {
    foot.append(el("strong", `num ${Number(trade.pnl) < 0 ? "neg" : "pos"}`, words.signed(trade.pnl), el("small", "", currency)));
  }
  if (trade.naked_ms > 0) foot.append(el("span", "warn", nakedSays(trade, words, currency)));
  return foot;
}

function nakedSays(trade, words, currency) {
  const time = words.duration(trade.naked_ms);
  const value = `${words.number(Number(trade.naked_value ?? 0))} ${currency}`;
  return Number(trade.naked_value) > 0 ? words.say("naked_by", { time, value }) : words.say("naked_for", { time });
}

function momentRows(index, model, words, labels) {
  const legs = labels[1] ? [1, 2] : [1];
  return legs.flatMap((leg) => {
    const price = leg === 1 ? model.p1[index] : model.p2[index];
    const change = model.change(leg, index);
    return [
      el("span", `leg${leg}`, labels[leg - 1]),
      el("span", "num", words.price(price, leg)),
      el("span", "num", `${words.signed(change)} %`),
      el("span", ""),
    ];
  });
}
