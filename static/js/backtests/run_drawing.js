/** A run as one ECharts option: all panes share one time. Pure: the same model, size and colours give the same picture. */

import { grid, layer, line, timeAxis, valueAxis } from "../charts/chart_option.js";
import { cycleBlocks } from "../charts/cycle_ribbon.js";
import { paneScale, plotOf } from "../charts/layout.js";
import { hasOwnPane, overlaySeries, ownAxis, ownScale, shownIn, widened } from "../charts/overlays.js";
import { faded } from "../charts/palette.js";
import { placeTags } from "../charts/place_tags.js";
import { selectionBox } from "../charts/selection.js";
import { legMarks, spreadMarks } from "../charts/trade_marks.js";
import { crowdedBlocks, crowdedMarks } from "./crowded_marks.js";
import { fallScale, layoutOf } from "./run_layout.js";
import { thresholdSteps } from "./threshold_steps.js";

const MARKS_MOST = 300;
const STEPS_MOST = 80;
const [HERO, LEGS, OWN] = [2, 3, 4];

export function plotRun(model, size, isPair) {
  const layout = layoutOf(size.width, size.height, hasOwnPane(model));
  const tall = (area) => layout[area].bottom - layout[area].top;
  const changes = [1, 2].flatMap((leg) => model.changes(leg).map(([, value]) => value));
  const fitted = (pane, range) => widened(range, shownIn(pane, model, isPair), model);
  const scale = {
    equity: paneScale(model.bounds("equity"), tall("equity"), { zero: model.isWhole }),
    falls: fallScale(model.bounds("drawdown"), tall("falls")),
    hero: paneScale(fitted("hero", model.extent()), tall("hero"), { room: 0.1 }),
    legs: paneScale(fitted("legs", { low: Math.min(...changes), high: Math.max(...changes) }), tall("legs"), { pitch: 28, room: 0.16 }),
  };
  if (layout.own) scale.own = ownScale(model, isPair, tall("own"));
  const down = (area, { min, max }) => (value) => area.bottom - ((value - min) / (max - min)) * (area.bottom - area.top);
  return {
    ...plotOf(layout, model.view, scale),
    model,
    yEquity: down(layout.equity, scale.equity),
    yFalls: down(layout.falls, scale.falls),
    xWhole: (at) => layout.left + ((at - model.whole.from) / (model.whole.to - model.whole.from)) * (layout.right - layout.left),
    atWhole: (x) => model.whole.from + ((x - layout.left) / (layout.right - layout.left)) * (model.whole.to - model.whole.from),
  };
}

export function drawRun({ model, plot, palette, words, strong, selection, settings }) {
  const trades = model.tradesInWindow();
  const crowded = trades.length > MARKS_MOST;
  const panes = [plot.equity, plot.falls, plot.hero, plot.legs, ...(plot.own ? [plot.own] : [])];
  const isLast = (index) => index === LEGS;
  const below = [
    ...zeroLines(plot, palette),
    ...(trades.length <= STEPS_MOST ? thresholdSteps(model, plot, palette, settings) : []),
  ];
  const above = crowded
    ? crowdedMarks(trades, plot, palette)
    : [...legMarks(trades, model, plot, palette), ...spreadMarks(trades, plot, palette, strong)];
  const beside = [
    ...(model.cyclesInView().length > MARKS_MOST ? crowdedBlocks(model, plot, palette) : cycleBlocks(model, plot, palette, words)),
    ...paneWords(model, plot, palette, words, settings),
    ...strip(model, plot, palette),
    ...selectionBox(selection, plot.equity.top, plot.legs.bottom, palette),
  ];
  return {
    animation: false,
    textStyle: { fontFamily: palette.font },
    grid: [...panes.map((area) => grid(area, plot, palette)), grid(plot.strip, plot, palette)],
    xAxis: [...panes.map((_, index) => timeAxis(index, plot, palette, words, isLast(index))), hiddenTime(model, panes.length)],
    yAxis: [
      valueAxis(0, plot.scale.equity, "", palette, words),
      fallAxis(1, plot.scale.falls, palette, words),
      valueAxis(2, plot.scale.hero, words.levelUnit, palette, words),
      valueAxis(3, plot.scale.legs, "%", palette, words),
      ...(plot.own ? [ownAxis(OWN, plot.scale.own, palette, words)] : []),
      { gridIndex: panes.length, type: "value", show: false, scale: true },
    ],
    series: [
      layer("below", 1, below),
      area("equity", 0, model.points("equity"), palette.accent, 1.6, 0.12, "start"),
      area("falls", 1, model.points("drawdown"), palette.neg, 1, 0.2, 0),
      line("spread", 2, model.points("spread"), crowded ? faded(palette.text, 0.75) : palette.text, crowded ? 1 : 1.4),
      line("leg2", 3, settings.is_pair ? model.changes(2) : [], palette.m2, 1.3),
      line("leg1", 3, model.changes(1), palette.accent, 1.3),
      ...overlaySeries(model, { hero: HERO, legs: LEGS, own: plot.own ? OWN : undefined }, palette, settings.is_pair),
      area("whole", panes.length, model.overview.t.map((at, index) => [at, model.overview.equity[index]]), palette.text3, 1, 0.1, "start"),
      layer("above", 5, above),
      layer("beside", 6, beside),
    ],
  };
}

function area(id, index, data, color, width, share, origin) {
  return { ...line(id, index, data, color, width), z: 2, areaStyle: { color: faded(color, share), origin } };
}

function hiddenTime(model, index) {
  return { gridIndex: index, type: "value", show: false, min: model.whole.from, max: model.whole.to };
}

/** Falls are losses: their labels carry the minus, and 0 none. */
function fallAxis(index, scale, palette, words) {
  const axis = valueAxis(index, scale, "", palette, words);
  const digits = scale.step < 0.1 ? 2 : Number.isInteger(scale.step) ? 0 : 1;
  return { ...axis, axisLabel: { ...axis.axisLabel, formatter: (value) => words.number(Math.abs(value) < scale.step * 1e-6 ? 0 : value, digits) } };
}

function zeroLines(plot, palette) {
  const shown = [];
  for (const [y, { min, max }] of [[plot.yEquity, plot.scale.equity], [plot.y, plot.scale.hero], [plot.yLegs, plot.scale.legs]]) {
    if (min >= 0 || max <= 0) continue;
    const at = Math.round(y(0)) + 0.5;
    shown.push({ type: "line", shape: { x1: plot.left, y1: at, x2: plot.right, y2: at }, style: { stroke: palette.line2, lineWidth: 1 }, silent: true });
  }
  return shown;
}

/** What each pane shows, and where its lines end, in the right gutter. */
function paneWords(model, plot, palette, words, { labels, is_pair: isPair }) {
  const text = (x, y, content, fill, weight, verticalAlign = "middle") => ({
    type: "text", silent: true, style: { x, y, text: content, fill, font: `${weight} 11px ${palette.font}`, verticalAlign },
  });
  const inside = [
    text(plot.left + 8, equityWordY(model, plot), words.say("equity"), palette.text3, 450, "top"),
    text(plot.left + 8, plot.hero.top + 4, words.say("spread_word"), palette.text3, 450, "top"),
    text(plot.left + 8, plot.legs.top + 4, words.say("change_since_start"), palette.text3, 450, "top"),
  ];
  if (plot.narrow) return inside;
  const last = model.nearest(model.view.to);
  const x = plot.tag.x;
  const changes = [1, 2].map((leg) => model.change(leg, last));
  const places = placeTags(changes.map(plot.yLegs), [1, 1], 13, plot.legs.top + 4, plot.legs.bottom - 4);
  const legs = labels.slice(0, isPair ? 2 : 1).map((label, leg) => text(x, places[leg], `${label} ${words.signed(changes[leg], 1)} %`, leg ? palette.m2 : palette.accent, 600));
  return [
    ...inside,
    ...legs,
    text(x, plot.yEquity(model.equity[last]), words.signed(model.equity[last]), palette.accent, 600),
    text(x, plot.y(model.spread[last]), `${words.signed(model.spread[last])} ${words.say("pp")}`, palette.text, 600),
    text(x, (plot.falls.top + plot.falls.bottom) / 2, words.say("drawdown"), palette.text3, 450),
    ...(model.cyclesInView().length ? [text(x, (plot.ribbon.top + plot.ribbon.bottom) / 2, words.say("cycles_ribbon"), palette.text3, 450)] : []),
  ];
}

/** Above the curve, beneath it where it begins high: a losing run falls from the pane's top. */
function equityWordY(model, plot) {
  const { top, bottom } = plot.equity;
  const begins = plot.yEquity(model.equity[model.nearest(model.view.from)]);
  return begins < top + (bottom - top) / 2 ? bottom - 16 : top + 4;
}

/** The whole run beneath: what is looked at stays clear, with a grip at each end. */
function strip(model, plot, palette) {
  const { top, bottom } = plot.strip;
  const [left, right] = [plot.xWhole(model.view.from), plot.xWhole(model.view.to)];
  const shade = (x, width) => ({ type: "rect", shape: { x, y: top, width: Math.max(0, width), height: bottom - top }, style: { fill: faded(palette.bg, 0.66) }, silent: true });
  const frame = { type: "rect", shape: { x: left, y: top, width: Math.max(2, right - left), height: bottom - top, r: 3 }, style: { fill: "transparent", stroke: faded(palette.accent, 0.7), lineWidth: 1 }, silent: true };
  const grip = (x) => ({ type: "rect", shape: { x: x - 2.5, y: (top + bottom) / 2 - 8, width: 5, height: 16, r: 2 }, style: { fill: palette.accent }, silent: true });
  return [shade(plot.left, left - plot.left), shade(right, plot.right - right), frame, grip(left), grip(right)];
}
