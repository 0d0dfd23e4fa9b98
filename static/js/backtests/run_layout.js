/** Where the panes of a run's chart stand: equity, falls, spread with the trades, cycles, both legs, and the whole beneath. */

import { niceStep, valueTicks } from "../charts/ticks.js";

const WIDE = { left: 58, right: 104, top: 16, gap: 10, ribbon: 18, strip: 34, axis: 26, least: 92 };
const NARROW = { left: 48, right: 12, top: 14, gap: 8, ribbon: 14, strip: 34, axis: 24, least: 62 };
const NARROW_BELOW = 620;
const SHARES = { equity: 0.27, falls: 0.12, hero: 0.42, legs: 0.19, own: 0 };
const WITH_OWN = { equity: 0.23, falls: 0.1, hero: 0.37, legs: 0.14, own: 0.16 };

/** `hasOwn`: a pane for lines that belong beside nothing else. */
export function layoutOf(width, height, hasOwn = false) {
  const narrow = width < NARROW_BELOW;
  const size = narrow ? NARROW : WIDE;
  const shares = hasOwn ? WITH_OWN : SHARES;
  const room = height - size.top - size.ribbon - size.axis - size.strip - (hasOwn ? 4 : 3) * size.gap - 26;
  const layout = { narrow, width, left: size.left, right: width - size.right, leastTick: size.least, tag: { x: width - size.right + 8 } };
  let top = size.top;
  const place = (name, tall, gap = size.gap) => {
    layout[name] = { top, bottom: top + tall };
    top += tall + gap;
  };
  place("equity", Math.round(room * shares.equity), 6);
  place("falls", Math.round(room * shares.falls), size.gap + 6);
  place("hero", Math.round(room * shares.hero));
  place("ribbon", size.ribbon);
  if (hasOwn) place("own", Math.round(room * shares.own));
  place("legs", Math.round(room * shares.legs), size.axis + 8);
  place("strip", size.strip, 0);
  return layout;
}

/** From 0 downwards. */
export function fallScale({ low }, height) {
  const depth = Math.max(-low, 0.02);
  const step = niceStep(depth / Math.max(1, Math.floor(height / 24)));
  return { min: -depth * 1.06, max: 0, step, ticks: valueTicks(-depth * 1.06, 0, step) };
}
