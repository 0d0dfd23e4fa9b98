/** Trades on the charts: numbered discs and diamonds on the spread, triangles and rings on the legs, naked intervals. */

import { faded, sideColor } from "./palette.js";
import { textWidth } from "./text_width.js";

/** Pixels between trades, on average, below which numbers (on the spread) or full marks (on the legs) cover each other. */
const CROWDED = { spread: 9, legs: 18 };

/** Both legs are sent at once and fill within milliseconds of each other: that is no interval worth a mark. */
const SHADED_FROM_MS = 100;

function isCrowded(trades, plot, least) {
  return trades.length > 12 && (plot.right - plot.left) / trades.length < least;
}

/** One disc per entry and one diamond per close; `strong` names the trade under the reader's cursor. */
export function spreadMarks(trades, plot, palette, strong) {
  const small = isCrowded(trades, plot, CROWDED.spread);
  return trades.map((trade) => {
    const at = { x: plot.x(trade.t), y: plot.y(trade.spread) };
    const draw = trade.action === "close" ? diamond : disc;
    return draw(trade, at, palette, small, trade === strong);
  });
}

function disc(trade, { x, y }, palette, small, strong) {
  const radius = (small ? 3.5 : 7.5) * (strong ? 1.2 : 1);
  const children = [
    { type: "circle", shape: { cx: 0, cy: 0, r: radius + 1.2 }, style: { fill: palette.surface } },
    { type: "circle", shape: { cx: 0, cy: 0, r: radius }, style: { fill: sideColor(palette, trade.side) } },
  ];
  if (!small) {
    const font = `700 ${trade.level > 9 ? 8.5 : 10}px ${palette.font}`;
    const style = { x: 0, y: 0.5, text: String(trade.level), fill: palette.onMark, align: "center", verticalAlign: "middle", font };
    children.push({ type: "text", style });
  }
  return { type: "group", x, y, silent: true, children };
}

function diamond(trade, { x, y }, palette, small, strong) {
  const r = (small ? 3.2 : 5.6) * (strong ? 1.25 : 1);
  const points = [[0, -r], [r, 0], [0, r], [-r, 0]];
  const style = { fill: palette.surface, stroke: palette.text, lineWidth: small ? 1 : 1.4 };
  return { type: "group", x, y, silent: true, children: [{ type: "polygon", shape: { points }, style }] };
}

/** Bought below the lines, sold above them, a ring on each line where a leg was closed. */
export function legMarks(trades, model, plot, palette) {
  const small = isCrowded(trades, plot, CROWDED.legs);
  return trades.flatMap((trade) => {
    const index = model.nearest(trade.t);
    const y1 = plot.yLegs(model.change(1, index));
    const y2 = plot.yLegs(model.change(2, index));
    const x = plot.x(trade.t);
    if (trade.action === "close") return small ? [] : [ring(x, y1, palette), ring(x, y2, palette)];
    return [
      triangle(x, Math.min(y1, y2) - 7, 1, palette.neg, small),
      triangle(x, Math.max(y1, y2) + 7, -1, palette.pos, small),
    ];
  });
}

function triangle(x, y, down, color, small) {
  const r = small ? 2.4 : 3.6;
  const points = [[x - r, y - r * 0.8 * down], [x + r, y - r * 0.8 * down], [x, y + r * 0.9 * down]];
  return { type: "polygon", shape: { points }, style: { fill: color }, silent: true };
}

function ring(x, y, palette) {
  const style = { fill: palette.surface, stroke: palette.text, lineWidth: 1.3 };
  return { type: "circle", shape: { cx: x, cy: y, r: 3 }, style, silent: true };
}

/** Bars as wide as a leg was naked, its seconds on top; a label that would cover the one before it is left out. */
export function nakedBars(trades, plot, palette, words) {
  let free = -Infinity;
  return trades
    .filter((trade) => trade.naked_ms >= SHADED_FROM_MS)
    .map((trade) => {
      const x = plot.x(trade.t);
      const width = Math.max(1.5, plot.x(trade.t + trade.naked_ms) - x);
      const left = Math.max(plot.left, x);
      const shape = { x: left, y: plot.hero.top, width: Math.min(plot.right, left + width) - left, height: plot.hero.bottom - plot.hero.top };
      const bar = { type: "rect", shape, style: { fill: faded(palette.warn, 0.42) } };
      const text = words.duration(trade.naked_ms);
      const font = `450 11px ${palette.font}`;
      const children = [bar];
      if (x + 4 > free && !plot.narrow) {
        children.push({ type: "text", style: { x: x + 4, y: plot.hero.top + 4, text, fill: palette.warn, font } });
        free = x + 10 + textWidth(text, font);
      }
      return { type: "group", silent: true, children };
    });
}

/** Dotted from each entry of the open cycle to the last point. */
export function openEntries(model, plot, palette) {
  const cycle = openCycle(model);
  if (!cycle) return [];
  const right = Math.min(plot.right, plot.x(model.nowAt));
  return model.trades
    .filter((trade) => trade.cycle === cycle.number && trade.action !== "close" && plot.x(trade.t) < right && isInside(trade.spread, plot))
    .map((trade) => {
      const y = plot.y(trade.spread);
      const style = { stroke: sideColor(palette, trade.side), lineWidth: 1, lineDash: [1.5, 2.5], opacity: 0.75 };
      return { type: "line", shape: { x1: Math.max(plot.left, plot.x(trade.t)), y1: y, x2: right, y2: y }, style, silent: true };
    });
}

function isInside(spread, { scale: { hero } }) {
  return spread >= hero.min && spread <= hero.max;
}

export function openCycle(model) {
  return model.cycles.find((cycle) => cycle.to === null) ?? null;
}
