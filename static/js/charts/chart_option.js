/** ECharts options shared by the charts: bare axes on fixed grids, and layers of our own shapes. */

import { timeTicks } from "./ticks.js";

/** A grid that stands exactly where the layout says. */
export function grid(area, plot, palette) {
  return {
    left: plot.left,
    top: area.top,
    width: plot.right - plot.left,
    height: area.bottom - area.top,
    outerBoundsMode: "none",
    show: true,
    borderWidth: 1,
    borderColor: palette.line,
    backgroundColor: "transparent",
  };
}

export function timeAxis(index, plot, palette, words, labelled) {
  const { from, to } = plot.window;
  const ticks = timeTicks(from, to, plot.right - plot.left, words.timeZone, plot.leastTick);
  const midnights = new Set(ticks.filter((tick) => tick.midnight).map((tick) => tick.at));
  const places = ticks.map((tick) => tick.at);
  return {
    ...bareAxis(index, from, to, places, palette),
    axisLabel: {
      show: labelled,
      customValues: places,
      margin: 9,
      fontSize: 11,
      color: palette.text3,
      fontFamily: palette.font,
      rich: { day: { fontWeight: 600, fontSize: 11, color: palette.text2, fontFamily: palette.font } },
      formatter: (at) => (midnights.has(at) ? `{day|${words.day(at)}}` : words.hour(at)),
    },
  };
}

/** `unit` stands on the topmost label only, below it where it is long; `write` says how a value is written, with its sign unless told. */
export function valueAxis(index, scale, unit, palette, words, write = null) {
  const digits = scale.step < 0.1 ? 2 : Number.isInteger(scale.step) ? 0 : 1;
  const top = scale.ticks.at(-1);
  const label = write ?? ((value) => (Math.abs(value) < scale.step * 1e-6 ? words.number(0, 0) : words.signed(value, digits)));
  return {
    ...bareAxis(index, scale.min, scale.max, scale.ticks, palette),
    axisLabel: {
      customValues: scale.ticks,
      margin: 8,
      fontSize: 11,
      color: palette.text3,
      fontFamily: palette.font,
      lineHeight: 13,
      formatter: (value) => (unit && value === top ? withUnit(label(value), unit) : label(value)),
    },
  };
}

const LONG_UNIT = 2; // characters

/** The empty line keeps the figure at its place on the axis. */
const withUnit = (figure, unit) => (unit.length > LONG_UNIT ? ` \n${figure}\n${unit}` : `${figure} ${unit}`);

function bareAxis(index, min, max, places, palette) {
  return {
    gridIndex: index,
    type: "value",
    min,
    max,
    axisLine: { show: false },
    axisTick: { show: false, customValues: places },
    splitLine: { show: true, lineStyle: { color: palette.line, width: 1 } },
    axisPointer: { show: false },
  };
}

export function line(id, index, data, color, width) {
  return {
    id,
    type: "line",
    xAxisIndex: index,
    yAxisIndex: index,
    data,
    showSymbol: false,
    silent: true,
    animation: false,
    z: 3,
    lineStyle: { color, width, join: "round" },
    emphasis: { disabled: true },
  };
}

let drawn = 0;

/** Shapes in pixels. Each drawing gets a new name, so that nothing of the one before is merged into it. */
export function layer(id, z, children) {
  drawn += 1;
  return {
    id,
    type: "custom",
    coordinateSystem: "none",
    silent: true,
    animation: false,
    z,
    data: [{ name: String(drawn), value: 0 }],
    renderItem: () => ({ type: "group", children }),
  };
}

/**
 * What there is to draw from just before the window to just after it, `{at, index, low, high, hole}`: points that would
 * share a pixel's column are one that keeps their extremes. `index` is its last point's; `hole`: nothing is known before it.
 */
export function columnsOf(model, { from, to }, width) {
  const pitch = (to - from) / Math.max(1, width);
  const found = [];
  let column = null;
  for (let index = Math.max(0, model.nearest(from) - 1); index < model.t.length; index += 1) {
    const at = model.t[index];
    const place = Math.floor(at / pitch);
    const hole = model.afterHole(index);
    if (column === place && !hole) {
      const last = found.at(-1);
      Object.assign(last, { at, index, low: Math.min(last.low, model.low[index]), high: Math.max(last.high, model.high[index]) });
    } else {
      found.push({ at, index, low: model.low[index], high: model.high[index], hole });
    }
    column = place;
    if (at > to) break;
  }
  return found;
}

/** Points of a line through every column's close that also touches its extremes. */
export function throughExtremes(model, columns) {
  const points = [];
  for (const { at, index, low, high, hole } of columns) {
    const close = model.spread[index];
    if (hole) points.push([at, null]);
    const before = points.at(-1)?.[1] ?? close;
    const [near, far] = Math.abs(high - before) < Math.abs(low - before) ? [high, low] : [low, high];
    if (near !== close && near !== before) points.push([at, near]);
    if (far !== close && far !== near) points.push([at, far]);
    points.push([at, close]);
  }
  return points;
}
