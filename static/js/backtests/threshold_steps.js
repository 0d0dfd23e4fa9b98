/** Where the next order would have come at each moment: steps that begin anew with every trade. */

import { faded, sideColor } from "../charts/palette.js";

/** `steps`: the ladder's, in percentage points, none of a strategy that decides by itself; both sides open unless `side` forbids one; nothing waits any more from
 * `ended_at` on, when a pause or a liquidation ended the run. */
export function thresholdSteps(model, plot, palette, { steps, reversion, side, ended_at: endedAt }) {
  if (!steps.length) return [];
  const trades = model.trades;
  const found = [];
  let first = trades.findIndex((trade) => trade.t > model.view.from);
  first = first < 0 ? trades.length - 1 : first - 1;
  for (let index = first; index < trades.length; index += 1) {
    const trade = trades[index];
    const from = trade?.t ?? model.whole.from;
    if (from > model.view.to || (endedAt !== null && from >= endedAt)) break;
    const to = trades[index + 1]?.t ?? model.whole.to;
    for (const mark of nextOrders(trade, { steps, reversion, side })) found.push(...step(mark, from, to, plot, palette));
  }
  return found;
}

/** After a close both sides wait to open, in position one waits to add. */
function nextOrders(trade, { steps, reversion, side }) {
  if (trade && trade.action !== "close") {
    const next = steps[trade.level];
    return next === undefined ? [] : [{ at: trade.spread - trade.side * next, side: trade.side, isOpening: false }];
  }
  const reference = trade?.spread ?? 0;
  return [1, -1]
    .map((way) => ({ at: reference + way * steps[0], side: reversion ? -way : way, isOpening: true }))
    .filter((mark) => side === "both" || (side === "long_spread") === mark.side > 0);
}

function step({ at, side, isOpening }, from, to, plot, palette) {
  const { min, max } = plot.scale.hero;
  const [x1, x2] = [Math.max(plot.left, plot.x(from)), Math.min(plot.right, plot.x(to))];
  if (at < min || at > max || x2 - x1 < 2) return [];
  const y = Math.round(plot.y(at)) + 0.5;
  const style = { stroke: isOpening ? sideColor(palette, side) : palette.accent, lineWidth: 1.1, lineDash: [5, 4], opacity: isOpening ? 0.75 : 0.85 };
  return [{ type: "line", shape: { x1, y1: y, x2, y2: y }, style: { ...style, stroke: faded(style.stroke, 1) }, silent: true }];
}
