/* Equity over time, or the balance as steps where there is no equity yet, how far it stood below its peak beneath, and the equity of now as a tag. */

import * as echarts from "../../vendor/echarts/echarts.esm.min.js";
import { faded, readPalette } from "./palette.js";
import { niceStep, timeTicks, valueTicks } from "./ticks.js";
import { day, money, plain, signed, time, timeZone, when } from "../format.js";

const BELOW_SHARE = 0.2;
const NARROW = 560;
const GAP = 12;
const CALM_SHARE = 3e-4; // of the balance above and below: a few cents do not look like a crash

/** `overview` as bots/pages/dashboard.py writes it: {curve: {times, values, below, …}, equity}. Returns the chart. */
export function drawBalance(host, { curve, equity }) {
  const palette = readPalette(host);
  const chart = echarts.init(host, null, { renderer: "canvas" });
  let now = equity;
  const draw = (isAnew) => chart.setOption(optionOf(chart, curve, now, palette), isAnew);
  draw(true);
  return {
    dispose: () => chart.dispose(),
    resize: () => {
      chart.resize();
      draw(true);
    },
    /** Moves the equity of now. */
    move: (moved) => {
      now = moved;
      draw(false);
    },
  };
}

function optionOf(chart, curve, equity, palette) {
  const width = chart.getWidth();
  const height = chart.getHeight();
  const isNarrow = width < NARROW;
  const plot = { left: isNarrow ? 52 : 58, right: isNarrow ? 12 : 84, top: 12, bottom: 26 };
  const room = height - plot.top - plot.bottom;
  const hasFall = curve.deepest < 0;
  const below = hasFall ? room * BELOW_SHARE : 0;
  const hero = { top: plot.top, height: hasFall ? room - below - GAP : room };
  const scale = scaleOf(curve.values, equity, hero.height);
  const fall = fallScale(curve.below, below);
  const times = timeTicks(curve.times[0], curve.times.at(-1), width - plot.left - plot.right, timeZone, isNarrow ? 62 : 92);
  const panes = [
    { index: 0, top: hero.top, height: hero.height, scale, series: balanceSeries(curve, equity, palette, isNarrow) },
    { index: 1, top: hero.top + hero.height + GAP, height: below, scale: fall, series: fallSeries(curve, palette) },
  ].slice(0, hasFall ? 2 : 1);
  return {
    animation: false,
    textStyle: { fontFamily: palette.font, fontSize: 11 },
    grid: panes.map((pane) => grid(plot, pane.top, pane.height, palette)),
    xAxis: panes.map((pane) => timeAxis(pane.index, curve.times, times, palette, pane.index === panes.length - 1)),
    yAxis: panes.map((pane) => valueAxis(pane.index, pane.scale, palette, digitsOf(pane.scale))),
    axisPointer: { link: [{ xAxisIndex: "all" }], lineStyle: { color: palette.text3, width: 1 } },
    tooltip: tooltipOf(palette),
    series: panes.map((pane) => pane.series),
  };
}

const drawn = (index, curve, values, color, width) => ({
  type: "line", step: curve.kind === "balance" ? "end" : false, xAxisIndex: index, yAxisIndex: index, showSymbol: false,
  data: curve.times.map((at, place) => [at, values[place]]),
  lineStyle: { color, width }, itemStyle: { color },
});

function balanceSeries(curve, equity, palette, isNarrow) {
  const last = [curve.times.at(-1), equity ?? curve.values.at(-1)];
  return {
    ...drawn(0, curve, curve.values, palette.accent, 1.6),
    id: "balance",
    name: "balance",
    areaStyle: { origin: "start", color: fade(palette.accent, 0.16) },
    markLine: baseLine(curve, last[1], palette, isNarrow),
    markPoint: {
      silent: true, symbol: "circle", symbolSize: 7, label: { show: false }, itemStyle: { color: palette.accent },
      data: [{ coord: last }],
    },
  };
}

function fallSeries(curve, palette) {
  return {
    ...drawn(1, curve, curve.below, palette.neg, 1),
    id: "below",
    name: "below",
    areaStyle: { origin: 0, color: faded(palette.neg, 0.18) },
  };
}

const fade = (color, share) => ({
  type: "linear", x: 0, y: 0, x2: 0, y2: 1,
  colorStops: [{ offset: 0, color: faded(color, share) }, { offset: 1, color: faded(color, 0) }],
});

const grid = (plot, top, height, palette) => ({
  left: plot.left, right: plot.right, top, height, outerBoundsMode: "none", show: true,
  borderWidth: 1, borderColor: palette.line, backgroundColor: "transparent",
});

const bare = (index, palette, places) => ({
  gridIndex: index, type: "value", axisLine: { show: false }, axisTick: { show: false, customValues: places },
  splitLine: { show: true, lineStyle: { color: palette.line, width: 1 } },
});

function timeAxis(index, known, ticks, palette, isLabelled) {
  const places = ticks.map((tick) => tick.at);
  const midnights = new Set(ticks.filter((tick) => tick.midnight).map((tick) => tick.at));
  const isDaily = ticks.every((tick) => tick.midnight);
  return {
    ...bare(index, palette, places),
    min: known[0],
    max: known.at(-1),
    axisPointer: { show: true, label: { show: false } },
    axisLabel: {
      show: isLabelled, customValues: places, margin: 9, fontSize: 11, color: palette.text3, fontFamily: palette.font,
      rich: { day: { fontWeight: isDaily ? 400 : 600, fontSize: 11, color: isDaily ? palette.text3 : palette.text2 } },
      formatter: (at) => (midnights.has(at) ? `{day|${day(at)}}` : time(at)),
    },
  };
}

function valueAxis(index, scale, palette, digits) {
  return {
    ...bare(index, palette, scale.ticks),
    min: scale.min,
    max: scale.max,
    axisLabel: {
      customValues: scale.ticks, margin: 8, fontSize: 11, color: palette.text3, fontFamily: palette.font,
      formatter: (value) => plain(Math.abs(value) < scale.step * 1e-6 ? 0 : value, digits),
    },
    axisPointer: { show: false },
  };
}

const digitsOf = ({ step }) => Math.min(4, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));

function scaleOf(values, equity, height) {
  const all = equity === null ? values : [...values, equity];
  const low = Math.min(...all);
  const high = Math.max(...all);
  const room = Math.max((high - low) * 0.12, Math.abs(high) * CALM_SHARE, 0.01);
  const step = niceStep((high - low + 2 * room) / Math.max(2, Math.floor(height / 40)));
  const min = low - room;
  const max = high + room;
  return { min, max, step, ticks: valueTicks(min, max, step) };
}

function fallScale(below, height) {
  const low = Math.min(...below, -0.01);
  const step = niceStep(-low / Math.max(1, Math.floor(height / 20)));
  const min = -Math.ceil(-low / step) * step;
  return { min, max: 0, step, ticks: valueTicks(min, 0, step) };
}

/** Where the range began, dashed; where the equity stands now, as a tag in the right gutter. */
function baseLine(curve, now, palette, isNarrow) {
  const tag = {
    show: !isNarrow, position: "end", distance: 4, color: palette.bg, backgroundColor: palette.accent, borderRadius: 4,
    padding: [4, 6], fontSize: 11, fontWeight: 600, formatter: money(now),
  };
  return {
    silent: true, symbol: "none", animation: false,
    data: [
      { yAxis: curve.values[0], lineStyle: { color: palette.text3, type: [5, 4], width: 1.2 }, label: { show: false } },
      { yAxis: now, lineStyle: { color: palette.accent, type: [2, 4], width: 1.2 }, label: tag },
    ],
  };
}

function tooltipOf(palette) {
  return {
    trigger: "axis", backgroundColor: palette.surface2, borderColor: palette.line2, borderWidth: 1, padding: [8, 11],
    textStyle: { color: palette.text, fontSize: 12, fontFamily: palette.font }, confine: true,
    formatter: (shown) => {
      const [at] = shown[0].data;
      const of = (name) => shown.find((series) => series.seriesName === name)?.data[1];
      const depth = of("below");
      const lines = [when(at), money(of("balance"))];
      if (depth) lines.push(signed(depth));
      return lines.join("<br>");
    },
  };
}

