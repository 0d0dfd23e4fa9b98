/** The pair's past with a ladder beside it: where each level would trade, and how large its order is. */

import { grid, layer, line, timeAxis, valueAxis } from "./chart_option.js";
import { heroScale, plotOf } from "./layout.js";
import { faded, sideColor } from "./palette.js";
import { placeTags } from "./place_tags.js";
import { textWidth } from "./text_width.js";
import { spreadMarks } from "./trade_marks.js";

const WIDE = { left: 50, right: 152, top: 14, axis: 28, least: 54, bar: 66 };
const NARROW = { left: 42, right: 104, top: 12, axis: 24, least: 62, bar: 40 };
const NARROW_BELOW = 480;
const PITCH = 19;
const CROWDED_FROM = 100; // times the pane's height

export function plotLadder(model, size) {
  const narrow = size.width < NARROW_BELOW;
  const room = narrow ? NARROW : WIDE;
  const hero = { top: room.top, bottom: size.height - room.axis };
  const right = size.width - room.right;
  const layout = { narrow, width: size.width, left: room.left, right, hero, tag: { x: right + 5 }, leastTick: room.least, bar: room.bar };
  const rungs = rungsOf(model);
  const values = rungs.map((rung) => rung.spread);
  const { low, high } = model.extent();
  const span = Math.max(high - low, 2.5);
  const shown = values.filter((value) => value <= high + span && value >= low - span);
  const scale = heroScale({
    low: Math.min(low, ...shown),
    high: Math.max(high, ...shown),
    thresholds: shown,
    height: hero.bottom - hero.top,
    before: null,
  });
  return { ...plotOf(layout, model.window(), { hero: scale, legs: null }), rungs, model };
}

/** Every level on every side that may open; `spread` counted from the reference. */
function rungsOf({ ladder }) {
  const sides = [
    [-1, "at_short", ladder.shows_short],
    [1, "at_long", ladder.shows_long],
  ];
  return sides
    .filter(([, , shows]) => shows)
    .flatMap(([side, key]) => ladder.levels.map((level) => ({ ...level, side, spread: level[key] + ladder.reference, size: Number(level.notional) })));
}

export function drawLadder({ model, plot, palette, words, strong }) {
  const points = [];
  for (let index = 0; index < model.t.length; index += 1) {
    if (model.afterHole(index)) points.push([model.t[index], null]);
    points.push([model.t[index], model.spread[index]]);
  }
  const below = [...waitingBand(plot, palette), ...zeroLine(plot, palette), ...rungLines(plot, palette), ...startLine(model, plot, palette)];
  const above = [...nowDot(model, plot, palette), ...spreadMarks(model.tradesInWindow(), plot, palette, strong)];
  return {
    animation: false,
    textStyle: { fontFamily: palette.font },
    grid: [grid(plot.hero, plot, palette)],
    xAxis: [timeAxis(0, plot, palette, words, true)],
    yAxis: [valueAxis(0, plot.scale.hero, words.levelUnit, palette, words)],
    series: [
      layer("below", 1, below),
      isCrowded(model) ? line("spread", 0, points, faded(palette.text, 0.5), 0.8) : line("spread", 0, points, palette.text, 1.3),
      layer("above", 5, above),
      layer("beside", 6, [...rungTags(plot, palette, words), ...sideWords(model, plot, palette, words)]),
    ],
  };
}

/** Whether the line goes up and down so often that it fills its pane and hides what stands behind it. */
function isCrowded({ spread }) {
  let way = 0;
  for (let index = 1; index < spread.length; index += 1) way += Math.abs(spread[index] - spread[index - 1]);
  return way > CROWDED_FROM * (Math.max(...spread) - Math.min(...spread));
}

const inside = (value, plot) => value <= plot.scale.hero.max && value >= plot.scale.hero.min;

function across(y, plot, style) {
  return { type: "line", shape: { x1: plot.left, y1: y, x2: plot.right, y2: y }, style, silent: true };
}

function zeroLine(plot, palette) {
  const { min, max } = plot.scale.hero;
  return min < 0 && max > 0 ? [across(Math.round(plot.y(0)) + 0.5, plot, { stroke: palette.text3, lineWidth: 1 })] : [];
}

/** Between the two openings nothing happens. */
function waitingBand(plot, palette) {
  const first = plot.rungs.filter((rung) => rung.level === 1).map((rung) => rung.spread);
  if (first.length < 2) return [];
  const [top, bottom] = [plot.y(Math.min(Math.max(...first), plot.scale.hero.max)), plot.y(Math.max(Math.min(...first), plot.scale.hero.min))];
  const shape = { x: plot.left, y: top, width: plot.right - plot.left, height: bottom - top };
  return [{ type: "rect", shape, style: { fill: faded(palette.text, 0.045) }, silent: true }];
}

/** Solid where it opens, dashed where it adds, paler where the maximum forbids it. */
function rungLines(plot, palette) {
  return plot.rungs
    .filter((rung) => inside(rung.spread, plot))
    .map((rung) => {
      const stroke = faded(sideColor(palette, rung.side), rung.allowed ? 1 : 0.45);
      const style = rung.level === 1 ? { stroke, lineWidth: 1.8 } : { stroke, lineWidth: 1, lineDash: [5, 4], opacity: 0.8 };
      return across(Math.round(plot.y(rung.spread)) + 0.5, plot, style);
    });
}

/** Bars as long as the order, pushed apart on each side of the waiting zone. */
function rungTags(plot, palette, words) {
  const shown = plot.rungs.filter((rung) => inside(rung.spread, plot));
  if (!shown.length) return [];
  const most = Math.max(...plot.rungs.map((rung) => rung.size));
  const places = placeTags(shown.map((rung) => plot.y(rung.spread)), shown.map(() => 1), PITCH, plot.hero.top, plot.hero.bottom);
  const tags = shown.map((rung, index) => rungTag(rung, Math.round(places[index]), most, plot, palette, words));
  const gap = waitingGap(shown, places);
  if (gap && gap.room > PITCH * 1.6) tags.push(text(plot.tag.x + 3, gap.middle, words.say("waits_between"), palette.text3, 450, palette));
  return tags;
}

function waitingGap(shown, places) {
  const first = shown.map((rung, index) => [rung, places[index]]).filter(([rung]) => rung.level === 1);
  if (first.length < 2) return null;
  const [top, bottom] = [Math.min(first[0][1], first[1][1]), Math.max(first[0][1], first[1][1])];
  return { room: bottom - top, middle: (top + bottom) / 2 };
}

function rungTag(rung, middle, most, plot, palette, words) {
  const color = rung.allowed ? sideColor(palette, rung.side) : palette.warn;
  const over = rung.allowed ? "" : words.say("over_max");
  const width = Math.max(rung.allowed ? 20 : 20 + textWidth(over, `450 11px ${palette.font}`), (rung.size / most) * plot.bar);
  const fill = rung.allowed ? faded(color, 0.18) : "transparent";
  const frame = { fill, stroke: rung.allowed ? faded(color, 0.55) : color, lineWidth: rung.allowed ? 1 : 1.3, lineDash: rung.allowed ? null : [3, 2] };
  const x = plot.tag.x;
  const children = [
    { type: "rect", shape: { x, y: middle - 8, width, height: 15, r: 2 }, style: frame },
    text(x + 7, middle, String(rung.level), color, 600, palette),
    text(x + width + 6, middle, words.signed(rung.spread, 1), palette.text, 600, palette),
  ];
  if (over && !plot.narrow) children.push(text(x + 17, middle, over, color, 450, palette));
  if (!plot.narrow) children.push(text(plot.width - 12, middle, words.number(rung.size, Number.isInteger(rung.size) ? 0 : 2), rung.allowed ? palette.text3 : color, 450, palette, "right"));
  return { type: "group", silent: true, children };
}

/** What to do on either side, in words. */
function sideWords(model, plot, palette, words) {
  const [one, two] = model.ladder.coins;
  const places = { [-1]: plot.rungs.find((rung) => rung.side < 0)?.spread, 1: plot.rungs.find((rung) => rung.side > 0)?.spread };
  return [-1, 1]
    .filter((side) => places[side] !== undefined)
    .map((side) => {
      const above = places[side] >= (places[-side] ?? model.ladder.reference);
      const sentence = words.say(side < 0 ? "short_the_spread" : "long_the_spread", { one, two });
      const content = `${side < 0 ? "\u25bc" : "\u25b2"} ${sentence}`;
      return text(plot.left + 8, above ? plot.hero.top + 11 : plot.hero.bottom - 12, content, sideColor(palette, side), 600, palette);
    });
}

function startLine(model, plot, palette) {
  const x = Math.round(plot.x(model.start.at)) + 0.5;
  if (x <= plot.left + 1 || x >= plot.right) return [];
  const shape = { x1: x, y1: plot.hero.top, x2: x, y2: plot.hero.bottom };
  return [{ type: "line", shape, style: { stroke: palette.text3, lineWidth: 1, lineDash: [2, 3] }, silent: true }];
}

function nowDot(model, plot, palette) {
  const shape = { cx: plot.x(model.lastAt), cy: plot.y(model.spread.at(-1)), r: 3.6 };
  return [{ type: "circle", shape, style: { fill: palette.text2, stroke: palette.surface, lineWidth: 1.2 }, silent: true }];
}

function text(x, y, content, fill, weight, palette, align = "left") {
  return {
    type: "text",
    style: { x, y, text: content, fill, align, verticalAlign: "middle", font: `${weight} 11px ${palette.font}` },
    silent: true,
  };
}
