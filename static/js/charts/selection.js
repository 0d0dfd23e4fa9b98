/** The part of a chart that a drag marks to be looked at closer, in pixels. */

import { faded } from "./palette.js";

export function selectionBox(selection, top, bottom, palette) {
  if (!selection) return [];
  const [left, right] = [Math.min(...selection), Math.max(...selection)];
  const style = { fill: faded(palette.accent, 0.12), stroke: palette.accent, lineWidth: 1 };
  return [{ type: "rect", shape: { x: left, y: top, width: right - left, height: bottom - top }, style, silent: true }];
}
