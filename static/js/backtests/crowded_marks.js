/** Marks of so many trades that each is a dot: one shape for each colour, so that thousands cost what a few do. */

import { faded } from "../charts/palette.js";

const DOT = 3;

export function crowdedMarks(trades, plot, palette) {
  const dots = { long: [], short: [], close: [] };
  for (const trade of trades) {
    const kind = trade.action === "close" ? "close" : trade.side > 0 ? "long" : "short";
    dots[kind].push(`M${(plot.x(trade.t) - DOT / 2).toFixed(1)} ${(plot.y(trade.spread) - DOT / 2).toFixed(1)}h${DOT}v${DOT}h-${DOT}z`);
  }
  const colours = { close: palette.text2, long: palette.pos, short: palette.neg };
  return Object.entries(colours)
    .filter(([kind]) => dots[kind].length)
    .map(([kind, fill]) => path(dots[kind].join(""), faded(fill, kind === "close" ? 0.55 : 0.9)));
}

/** The ribbon of cycles that are too many for words. */
export function crowdedBlocks(model, plot, palette) {
  const { top, bottom } = plot.ribbon;
  const blocks = { pos: [], neg: [] };
  for (const cycle of model.cyclesInView()) {
    const left = Math.max(plot.left, plot.x(cycle.from));
    const right = Math.min(plot.right, plot.x(cycle.to ?? model.view.to));
    const width = Math.max(0.6, right - left - 0.4);
    blocks[cycle.pnl < 0 ? "neg" : "pos"].push(`M${left.toFixed(1)} ${top}h${width.toFixed(1)}V${bottom}h-${width.toFixed(1)}z`);
  }
  return Object.entries(blocks)
    .filter(([, parts]) => parts.length)
    .map(([tone, parts]) => path(parts.join(""), faded(palette[tone], tone === "neg" ? 0.7 : 0.34)));
}

function path(pathData, fill) {
  return { type: "path", silent: true, shape: { pathData }, style: { fill } };
}
