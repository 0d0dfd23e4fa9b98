/** The whole spread chart as one ECharts option. Pure: the same model, size and colours give the same picture. */

import { columnsOf, grid, layer, line, throughExtremes, timeAxis, valueAxis } from "./chart_option.js";
import { cycleBlocks } from "./cycle_ribbon.js";
import { heroScale, layoutOf, legsScale, plotOf, pricedScale } from "./layout.js";
import { hasOwnPane, overlaySeries, ownAxis, ownScale, shownIn, widened } from "./overlays.js";
import { faded } from "./palette.js";
import { placeTags } from "./place_tags.js";
import { selectionBox } from "./selection.js";
import { textWidth } from "./text_width.js";
import { thresholdLines, thresholdTags, thresholdsOf } from "./thresholds.js";
import { legMarks, nakedBars, openCycle, openEntries, spreadMarks } from "./trade_marks.js";

/** `before` is the plot of the drawing before, or null. */
export function plotSpread(model, size, thresholds, before, isPair = true) {
  const layout = layoutOf(size.width, size.height, { isPair, hasOwn: hasOwnPane(model) });
  const window = model.window();
  const tall = ({ top, bottom }) => bottom - top;
  const values = thresholds.map((threshold) => threshold.value);
  const isSame = before?.width === size.width && before.layoutHeight === size.height && before.model === model;
  const range = widened(model.extent(), shownIn("hero", model, isPair), model);
  const hero = heroScale({ ...range, thresholds: values, height: tall(layout.hero), before: isSame ? before.scale.hero : null });
  const scale = { hero: isPair ? hero : pricedScale(hero, model.start.p1, tall(layout.hero)) };
  if (layout.legs) {
    const changes = widened(changeExtent(model, window), shownIn("legs", model, isPair), model);
    scale.legs = legsScale(changes.low, changes.high, tall(layout.legs));
  }
  if (layout.own) scale.own = ownScale(model, isPair, tall(layout.own));
  return { ...plotOf(layout, window, scale), model, layoutHeight: size.height };
}

export function drawSpread({ model, plot, palette, words, thresholds, strong, selection, labels, currency, is_pair: isPair = true }) {
  const trades = model.tradesInWindow();
  const columns = columnsOf(model, plot.window, plot.right - plot.left);
  const changes = [1, 2].map((leg) => changeLine(model, leg, columns));
  const panes = panesOf(plot);
  const at = (name) => panes.findIndex((pane) => pane.name === name);
  const legs = isPair ? [line("leg2", at("legs"), changes[1], palette.m2, 1.3), line("leg1", at("legs"), changes[0], palette.accent, 1.3)] : [];
  const below = [
    ...openCycleShade(model, plot, palette, changes),
    ...zeroLines(plot, palette),
    ...startAnchor(model, plot, palette, words),
    ...nakedBars(trades, plot, palette, words),
    ...thresholdLines(thresholds, plot),
    ...openEntries(model, plot, palette),
  ];
  const above = [
    ...(isPair ? legMarks(trades, model, plot, palette) : []),
    ...nowDot(model, plot, palette),
    ...spreadMarks(trades, plot, palette, strong),
  ];
  const beside = [
    ...thresholdTags(thresholds, model, plot, palette, words),
    ...cycleBlocks(model, plot, palette, words),
    ...gutterWords(model, plot, palette, words, { labels, currency }),
    ...selectionBox(selection, plot.hero.top, plot.lowest.bottom, palette),
  ];
  return {
    animation: false,
    textStyle: { fontFamily: palette.font },
    grid: panes.map((pane) => ({ ...grid(plot[pane.name], plot, palette), show: pane.name !== "ribbon" })),
    xAxis: panes.map((pane, index) => paneTime(pane, index, plot, palette, words)),
    yAxis: panes.map((pane, index) => paneAxis(pane, index, plot, palette, words)),
    series: [
      layer("below", 1, below),
      ...legs,
      ...overlaySeries(model, { hero: at("hero"), legs: at("legs"), own: plot.own ? at("own") : undefined }, palette, isPair),
      line("spread", 0, throughExtremes(model, columns), palette.text, 1.6),
      layer("above", 5, above),
      layer("beside", 6, beside),
    ],
  };
}

/** From above; the lowest carries the hours. Without a pane beneath it the ribbon is one, for the hours alone. */
function panesOf(plot) {
  const names = ["hero", ...(plot.own ? ["own"] : []), ...(plot.legs ? ["legs"] : [])];
  if (names.length === 1) names.push("ribbon");
  return names.map((name, index) => ({ name, isLowest: index === names.length - 1 }));
}

function paneTime({ name, isLowest }, index, plot, palette, words) {
  const axis = timeAxis(index, plot, palette, words, isLowest);
  return name === "ribbon" ? { ...axis, splitLine: { show: false } } : axis;
}

function paneAxis({ name }, index, plot, palette, words) {
  if (name === "ribbon") return { gridIndex: index, type: "value", show: false, min: 0, max: 1 };
  if (name === "own") return ownAxis(index, plot.scale.own, palette, words);
  if (name === "legs") return valueAxis(index, plot.scale.legs, "%", palette, words);
  if (words.isPriced) return valueAxis(index, plot.scale.hero, "", palette, words, words.level);
  return valueAxis(index, plot.scale.hero, words.levelUnit, palette, words);
}

function changeLine(model, leg, columns) {
  return columns.flatMap(({ at, index, hole }) => [...(hole ? [[at, null]] : []), [at, model.change(leg, index)]]);
}

function changeExtent(model, window) {
  let [low, high] = [0, 0]; // both began there
  for (const leg of [1, 2]) {
    for (let index = Math.max(0, model.nearest(window.from) - 1); index < model.t.length && model.t[index] <= window.to; index += 1) {
      const value = model.change(leg, index);
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return { low, high };
}

/** The open cycle's ground, and in the lower chart the gap between both legs. */
function openCycleShade(model, plot, palette, [change1, change2]) {
  const cycle = openCycle(model);
  if (!cycle) return [];
  const left = Math.max(plot.left, plot.x(cycle.from));
  const right = Math.min(plot.right, plot.x(model.nowAt));
  if (left >= right) return [];
  const ground = (area) => ({
    type: "rect",
    shape: { x: left, y: area.top, width: Math.max(0, right - left), height: area.bottom - area.top },
    style: { fill: faded(palette.text, 0.028) },
    silent: true,
  });
  const grounds = [plot.hero, plot.own, plot.legs].filter(Boolean).map(ground);
  if (!plot.legs) return grounds;
  const inside = (points) => points.filter(([at, value]) => value !== null && at >= cycle.from && plot.x(at) >= plot.left && plot.x(at) <= plot.right);
  const pixels = (points) => inside(points).map(([at, value]) => [plot.x(at), plot.yLegs(value)]);
  const points = [...pixels(change1), ...pixels(change2).reverse()];
  const gap = { type: "polygon", shape: { points }, style: { fill: faded(palette.accent, 0.14) }, silent: true };
  return points.length > 2 ? [...grounds, gap] : grounds;
}

function zeroLines(plot, palette) {
  const zero = (y) => ({
    type: "line",
    shape: { x1: plot.left, y1: y, x2: plot.right, y2: y },
    style: { stroke: palette.line2, lineWidth: 1 },
    silent: true,
  });
  const { hero, legs } = plot.scale;
  const shown = [];
  if (hero.min < 0 && hero.max > 0) shown.push(zero(Math.round(plot.y(0)) + 0.5));
  if (legs && legs.min < 0 && legs.max > 0) shown.push(zero(Math.round(plot.yLegs(0)) + 0.5));
  return shown;
}

function startAnchor(model, plot, palette, words) {
  const x = Math.round(plot.x(model.start.at)) + 0.5;
  if (x < plot.left - 1 || x > plot.right) return [];
  const { top, bottom } = plot.hero;
  const text = words.say("start", { moment: words.moment(model.start.at) });
  const font = `450 11px ${palette.font}`;
  const fits = x + 12 + textWidth(text, font) < plot.right;
  const label = { x: fits ? x + 6 : x - 6, y: top + 4, text, fill: palette.text3, font, align: fits ? "left" : "right" };
  const anchor = { type: "line", shape: { x1: x, y1: top, x2: x, y2: bottom }, style: { stroke: palette.text3, lineWidth: 1, lineDash: [2, 3] } };
  return plot.narrow ? [anchor] : [anchor, { type: "text", style: label, silent: true }];
}

function nowDot(model, plot, palette) {
  const shape = { cx: plot.x(model.nowAt), cy: plot.y(model.now), r: 3.6 };
  if (shape.cx < plot.left || shape.cx > plot.right) return [];
  return [{ type: "circle", shape, style: { fill: palette.text2, stroke: palette.surface, lineWidth: 1.2 }, silent: true }];
}

/** What the ribbon and the lower chart show, and where each leg stands now. */
function gutterWords(model, plot, palette, words, { labels, currency }) {
  const font = (weight) => `${weight} 11px ${palette.font}`;
  const text = (x, y, content, fill, weight, verticalAlign = "middle") => ({
    type: "text",
    style: { x, y, text: content, fill, font: font(weight), verticalAlign },
    silent: true,
  });
  const ribbon = text(plot.tag.x + 2, (plot.ribbon.top + plot.ribbon.bottom) / 2, words.say("cycles_net", { currency }), palette.text3, 450);
  if (!plot.legs) return plot.narrow ? [] : [ribbon];
  const last = model.nearest(plot.window.to);
  const changes = [model.change(1, last), model.change(2, last)];
  const places = placeTags(changes.map(plot.yLegs), [1, 1], 12.5, plot.legs.top, plot.legs.bottom);
  const colors = [palette.accent, palette.m2];
  const shown = changes.map((value, leg) =>
    text(plot.tag.x + 2, places[leg], `${labels[leg]} ${words.signed(value, plot.narrow ? 1 : 2)} %`, colors[leg], 600),
  );
  if (plot.narrow) return shown;
  shown.push(ribbon);
  shown.push(text(plot.left + 8, plot.legs.top + 4, words.say("change_since_start"), palette.text3, 450, "top"));
  return shown;
}
