/** Where the parts of a bot's chart stand, in pixels: the spread or the price above, cycles between, below them the lines
 * that a strategy keeps apart, and both legs; tags on the right. */

import { niceStep, valueTicks } from "./ticks.js";

const WIDE = { left: 48, leftOfPrices: 72, right: 188, top: 16, ribbon: 20, gap: 10, legs: 80, own: 64, axis: 26, tag: { width: 172, height: 20 }, least: 92 };
const NARROW = { left: 46, leftOfPrices: 62, right: 100, top: 18, ribbon: 18, gap: 7, legs: 36, own: 40, axis: 24, tag: { width: 93, height: 20 }, least: 62 };
const NARROW_BELOW = 560;

/** `isPair`: a lone market has no legs to compare; `hasOwn`: a pane for lines that belong beside nothing else. */
export function layoutOf(width, height, { isPair = true, hasOwn = false } = {}) {
  const narrow = width < NARROW_BELOW;
  const size = narrow ? NARROW : WIDE;
  let free = height - size.axis;
  const standing = (tall, gap = size.gap) => {
    const area = { top: free - tall, bottom: free };
    free = area.top - gap;
    return area;
  };
  const share = (least, part) => (narrow ? least : Math.max(least, Math.round(height * part)));
  const legs = isPair ? standing(share(size.legs, 0.17)) : null;
  const own = hasOwn ? standing(share(size.own, 0.15)) : null;
  const ribbon = standing(size.ribbon, isPair || hasOwn ? size.gap : 6);
  return {
    narrow,
    width,
    left: isPair ? size.left : size.leftOfPrices,
    right: width - size.right,
    hero: { top: size.top, bottom: free },
    ribbon,
    own,
    legs,
    lowest: legs ?? own ?? ribbon,
    tag: { ...size.tag, x: width - size.right + 4 },
    leastTick: size.least,
  };
}

/**
 * The spread's axis around `low`..`high` and those `thresholds` that lie near. The `before` axis is kept while
 * everything fits it well, so that a live chart does not breathe.
 */
export function heroScale({ low, high, thresholds, height, before }) {
  const span = Math.max(high - low, 2.5);
  const near = thresholds.filter((value) => value <= high + span * 0.4 && value >= low - span * 0.4);
  const bottom = Math.min(low, ...near);
  const top = Math.max(high, ...near);
  if (before && bottom >= before.min && top <= before.max && top - bottom > (before.max - before.min) * 0.5) return before;
  const room = (top - bottom || 1) * 0.08;
  const step = niceStep((top - bottom + 2 * room) / Math.min(11, Math.max(2, Math.floor(height / 36))));
  const min = Math.floor((bottom - room * 0.4) / (step / 2)) * (step / 2);
  const max = Math.ceil((top + room) / (step / 2)) * (step / 2);
  return { min, max, step, ticks: valueTicks(min, max, step) };
}

/** The same places on a price's axis: round prices of a market that began at `start`, in percent since then. */
export function pricedScale(scale, start, height) {
  const price = (percent) => start * (1 + percent / 100);
  const [low, high] = [price(scale.min), price(scale.max)];
  const step = niceStep((high - low) / Math.min(9, Math.max(2, Math.floor(height / 40))));
  const ticks = valueTicks(low, high, step).map((value) => (value / start - 1) * 100);
  return { ...scale, ticks };
}

/** An axis around `low`..`high` with some room; `zero` keeps 0 in sight. */
export function paneScale({ low, high }, height, { zero = false, pitch = 34, room = 0.08 } = {}) {
  const [least, most] = zero ? [Math.min(low, 0), Math.max(high, 0)] : [low, high];
  const span = Math.max(most - least, Math.abs(most) * 1e-4, 0.02);
  const step = niceStep((span * (1 + 2 * room)) / Math.max(2, Math.floor(height / pitch)));
  const min = least - span * room;
  const max = most + span * room;
  return { min, max, step, ticks: valueTicks(min, max, step) };
}

export function legsScale(low, high, height) {
  const room = Math.max((high - low) * 0.28, 0.5);
  const step = niceStep(Math.max(high - low, 1) / Math.max(1, Math.floor(height / 26)));
  const [min, max] = [low - room, high + room];
  return { min, max, step, ticks: valueTicks(min, max, step) };
}

/** Functions from values to pixels. `scale.legs` may be missing (a chart without legs). */
export function plotOf(layout, window, scale) {
  const across = (layout.right - layout.left) / (window.to - window.from);
  const down = (area, { min, max }) => (value) => area.bottom - ((value - min) / (max - min)) * (area.bottom - area.top);
  return {
    ...layout,
    window,
    scale,
    x: (at) => layout.left + (at - window.from) * across,
    at: (x) => window.from + (x - layout.left) / across,
    y: down(layout.hero, scale.hero),
    yLegs: layout.legs && scale.legs ? down(layout.legs, scale.legs) : null,
  };
}
