/** The spreads at which the bot acts next: lines across the chart and tags beside it. */

import { placeTags } from "./place_tags.js";
import { faded, sideColor } from "./palette.js";
import { textWidth } from "./text_width.js";

const INSISTENCE = { now: 6, other: 1 };

/** What to draw, highest first: `{key, name, value, color, shown}`. `reversion`: short above, long below. */
export function thresholdsOf(model, palette, words, reversion) {
  const { triggers = {} } = model.figures ?? {};
  const side = (up) => (up === reversion ? -1 : 1);
  const entry = (key, up) => ({ color: sideColor(palette, side(up)), name: words.say(side(up) > 0 ? "open_long" : "open_short"), short: words.say(side(up) > 0 ? "side_long" : "side_short") });
  const drawn = {
    stop_loss: () => ({ color: palette.neg, name: words.say("stop_loss"), short: words.say("stop_loss_short") }),
    add: (trigger) => ({ color: palette.accent, name: words.say("add_level", { level: trigger.level }) }),
    open_up: () => entry("open_up", true),
    open_down: () => entry("open_down", false),
    break_even: () => ({ color: palette.text3, name: words.say("break_even"), quiet: true }),
    take_profit: () => ({ color: palette.pos, name: words.say("take_profit"), short: words.say("take_profit_short") }),
  };
  return Object.entries(drawn)
    .filter(([key]) => triggers[key])
    .map(([key, look]) => ({ key, value: triggers[key].spread, ...look(triggers[key]) }))
    .sort((a, b) => b.value - a.value);
}

/** Dashed at their spread; dotted on the edge when they lie off the scale. */
export function thresholdLines(thresholds, plot) {
  return thresholds
    .filter((threshold) => !(plot.narrow && threshold.quiet))
    .map(({ key, value, color }) => {
      const y = edgeOf(value, plot);
      const off = isOff(value, plot);
      const style = { stroke: color, lineWidth: 1.2, lineDash: off ? [1.5, 3.5] : [5, 4] };
      return { type: "line", name: `line-${key}`, shape: { x1: plot.left, y1: y, x2: plot.right, y2: y }, style, silent: true };
    });
}

/** Tags in the gutter, the present spread among them, pushed apart where they would touch. */
export function thresholdTags(thresholds, model, plot, palette, words) {
  const shown = thresholds.filter((threshold) => !(plot.narrow && threshold.quiet));
  const rows = [...shown, { key: "now", value: model.now }];
  const half = plot.tag.height / 2;
  const places = placeTags(
    rows.map((row) => edgeOf(row.value, plot)),
    rows.map((row) => INSISTENCE[row.key] ?? INSISTENCE.other),
    plot.tag.height + 4,
    Math.max(half, plot.hero.top - half) + 1,
    plot.hero.bottom,
  );
  return rows.map((row, index) => {
    const middle = Math.round(places[index]);
    if (row.key === "now") return nowTag(model.now, middle, plot, palette, words);
    return tag(row, middle, model.now, plot, palette, words);
  });
}

function edgeOf(value, plot) {
  return plot.y(Math.max(plot.scale.hero.min, Math.min(value, plot.scale.hero.max)));
}

function isOff(value, plot) {
  return value > plot.scale.hero.max || value < plot.scale.hero.min;
}

function tag(row, middle, now, plot, palette, words) {
  const { x, width, height } = plot.tag;
  const distance = row.value - now;
  const text = (at, content, fill, align, weight) => ({
    type: "text",
    style: { x: at, y: middle, text: content, fill, align, verticalAlign: "middle", font: `${weight} 11.5px ${palette.font}` },
  });
  const children = [
    leader(row, middle, plot),
    box(x, middle - height / 2, width, height, { fill: faded(row.color, 0.04), stroke: row.color, lineWidth: 1.2 }),
    text(x + 8, plot.narrow ? fitting(row, words, plot, palette) : row.name, row.color, "left", 600),
    text(plot.narrow ? x + width - 7 : x + 111, words.level(row.value), palette.text, "right", 600),
  ];
  if (!plot.narrow) {
    const arrow = distance >= 0 ? "\u2191" : "\u2193";
    children.push(text(x + width - 8, `${arrow} ${words.apart(row.value, now)}`, palette.text3, "right", 450));
  }
  return { type: "group", name: `tag-${row.key}`, silent: true, children };
}

/** The name, or its short form where name and value would not fit beside each other. */
function fitting(row, words, plot, palette) {
  const font = `600 11.5px ${palette.font}`;
  const room = plot.tag.width - 20 - textWidth(words.level(row.value), font);
  return textWidth(row.name, font) > room ? (row.short ?? row.name) : row.name;
}

/** From the line's end to a tag that had to give way. */
function leader(row, middle, plot) {
  const y = edgeOf(row.value, plot);
  const points = [[plot.right, y], [plot.tag.x, middle]];
  const style = { stroke: row.color, lineWidth: 1, fill: "none", opacity: Math.abs(y - middle) > 3 ? 0.7 : 0 };
  return { type: "polyline", shape: { points }, style };
}

function nowTag(now, middle, plot, palette, words) {
  const { x, height } = plot.tag;
  const unit = plot.narrow ? "" : ` ${words.levelUnit}`;
  const content = plot.narrow && words.isPriced ? words.level(now) : `${words.say("now")}  ${words.level(now)}${unit}`;
  const label = { x: x + 8, y: middle, text: content, fill: palette.bg, verticalAlign: "middle", font: `600 11.5px ${palette.font}` };
  const width = Math.min(plot.tag.width, textWidth(content, label.font) + 16);
  return {
    type: "group",
    name: "tag-now",
    silent: true,
    children: [box(x, middle - height / 2, width, height, { fill: palette.text }), { type: "text", style: label }],
  };
}

function box(x, y, width, height, style) {
  return { type: "rect", shape: { x, y, width, height, r: 4 }, style };
}
