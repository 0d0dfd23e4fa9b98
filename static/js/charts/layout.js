/** Where the parts of a spread chart stand, in pixels: spread above, cycles between, both legs below, tags on the right. */

import { niceStep, valueTicks } from "./ticks.js";

const WIDE = { left: 48, right: 188, top: 16, ribbon: 20, gap: 10, legs: 80, axis: 26, tag: { width: 172, height: 20 }, least: 92 };
const NARROW = { left: 46, right: 100, top: 18, ribbon: 18, gap: 7, legs: 36, axis: 24, tag: { width: 93, height: 20 }, least: 62 };
const NARROW_BELOW = 560;

export function layoutOf(width, height) {
  const narrow = width < NARROW_BELOW;
  const size = narrow ? NARROW : WIDE;
  const legs = narrow ? size.legs : Math.max(size.legs, Math.round(height * 0.17));
  const legsTop = height - size.axis - legs;
  const ribbonTop = legsTop - size.gap - size.ribbon;
  const heroBottom = ribbonTop - size.gap;
  return {
    narrow,
    width,
    left: size.left,
    right: width - size.right,
    hero: { top: size.top, bottom: heroBottom },
    ribbon: { top: ribbonTop, bottom: ribbonTop + size.ribbon },
    legs: { top: legsTop, bottom: legsTop + legs },
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
    yLegs: scale.legs ? down(layout.legs, scale.legs) : null,
  };
}
