/** One block per cycle between both charts, with its net result where it fits; dashed while the cycle is open. */

import { faded } from "./palette.js";
import { textWidth } from "./text_width.js";

export function cycleBlocks(model, plot, palette, words) {
  const { from, to } = plot.window;
  return model.cycles
    .filter((cycle) => cycle.from <= to && (cycle.to ?? to) >= from)
    .map((cycle) => block(cycle, model, plot, palette, words));
}

function block(cycle, model, plot, palette, words) {
  const open = cycle.to === null;
  const pnl = Number(open ? (model.figures?.pnl ?? cycle.pnl) : cycle.pnl);
  const color = pnl < 0 ? palette.neg : palette.pos;
  const left = Math.max(plot.left, plot.x(cycle.from));
  const right = Math.min(plot.right, plot.x(open ? model.nowAt : cycle.to));
  const width = Math.max(2, right - left - 1);
  const { top, bottom } = plot.ribbon;
  const frame = open ? { stroke: color, lineWidth: 1.2, lineDash: [4, 3] } : {};
  const shape = { x: left, y: top, width, height: bottom - top, r: Math.min(3, width / 2) };
  const children = [{ type: "rect", shape, style: { fill: faded(color, open ? 0.11 : 0.19), ...frame } }];
  const font = `600 11px ${palette.font}`;
  const text = longest(cycle, open, pnl, words).find((candidate) => textWidth(candidate, font) + 10 < width);
  if (text) {
    const middle = { x: left + width / 2, y: (top + bottom) / 2 + 0.5, align: "center", verticalAlign: "middle" };
    children.push({ type: "text", style: { ...middle, text, fill: color, font } });
  }
  return { type: "group", silent: true, children };
}

/** What could stand in the block, longest first. */
function longest(cycle, open, pnl, words) {
  const result = words.signed(pnl);
  const key = open ? "cycle_open" : "cycle_closed";
  return [words.say(key, { cycle: cycle.number, pnl: result }), result];
}
