/** Candles above, their volume beneath, as an ECharts option in the colours of the page. */

import { faded } from "../charts/palette.js";
import { day, plain, price, time } from "../format.js";

const NARROW = 560;
const DAY_MS = 86_400_000;

export function candleOption({ rows, size, palette, digits, length, zoom }) {
  const narrow = size.width < NARROW;
  const plot = { left: 10, right: narrow ? 62 : 78, top: 10, bottom: 26 };
  const below = Math.round((size.height - plot.top - plot.bottom) * 0.18);
  const volumeTop = size.height - plot.bottom - below;
  const areas = [{ top: plot.top, height: volumeTop - plot.top - 10 }, { top: volumeTop, height: below }];
  const times = rows.map((row) => row[0]);
  return {
    animation: false,
    textStyle: { fontFamily: palette.font, fontSize: 11 },
    grid: areas.map((area) => ({ left: plot.left, right: plot.right, outerBoundsMode: "none", ...area })),
    xAxis: areas.map((_, index) => timeAxis(index, times, palette, length, narrow)),
    yAxis: [valueAxis(0, palette, (value) => price(value, digits)), volumeAxis(palette)],
    axisPointer: { link: [{ xAxisIndex: "all" }], lineStyle: { color: palette.text3, type: "solid", width: 1 }, label: { show: false } },
    dataZoom: [{ type: "inside", xAxisIndex: [0, 1], minValueSpan: 12, zoomOnMouseWheel: true, moveOnMouseWheel: false, ...zoom }],
    series: [candles(rows, palette, digits), volumes(rows, palette)],
  };
}

function timeAxis(index, times, palette, length, narrow) {
  return {
    type: "category", gridIndex: index, data: times, boundaryGap: true,
    axisLine: { show: false }, axisTick: { show: false }, splitLine: { show: false },
    axisPointer: { show: true },
    axisLabel: {
      show: index === 1, hideOverlap: true, margin: 9, color: palette.text3, fontSize: 11, interval: "auto",
      formatter: (at) => (length >= DAY_MS ? day(Number(at)) : narrow || length < 3_600_000 ? time(Number(at)) : `${day(Number(at))} ${time(Number(at))}`),
    },
  };
}

function valueAxis(index, palette, formatter) {
  return {
    type: "value", gridIndex: index, scale: true, position: "right", splitNumber: 6,
    axisLine: { show: false }, axisTick: { show: false }, axisPointer: { show: false },
    splitLine: { show: true, lineStyle: { color: palette.line, width: 1 } },
    axisLabel: { color: palette.text3, fontSize: 11, margin: 8, formatter, showMinLabel: false, showMaxLabel: false },
  };
}

function volumeAxis(palette) {
  return { ...valueAxis(1, palette, (value) => compact(value)), scale: false, splitNumber: 2, splitLine: { show: false } };
}

function compact(value) {
  for (const [least, letter] of [[1e9, "B"], [1e6, "M"], [1e3, "K"]]) {
    if (value >= least) return `${plain(value / least, value / least < 10 ? 1 : 0)}${letter}`;
  }
  return plain(value, 0);
}

function candles(rows, palette, digits) {
  const last = rows.at(-1);
  const tone = last[4] >= last[1] ? palette.pos : palette.neg;
  return {
    type: "candlestick", xAxisIndex: 0, yAxisIndex: 0, barMaxWidth: 14,
    data: rows.map(([, open, high, low, close]) => [open, close, low, high]),
    itemStyle: { color: "transparent", borderColor: palette.pos, color0: palette.neg, borderColor0: palette.neg },
    markLine: {
      silent: true, symbol: "none", animation: false, precision: 12,
      data: [{ yAxis: last[4], lineStyle: { color: tone, type: [2, 4], width: 1.2 }, label: {
        position: "end", distance: 3, formatter: price(last[4], digits), color: palette.bg, backgroundColor: tone, borderRadius: 4, padding: [4, 6], fontSize: 11, fontWeight: 600,
      } }],
    },
  };
}

/** Rising candles are hollow, falling ones filled: told apart without colour too. */
function volumes(rows, palette) {
  return {
    type: "bar", xAxisIndex: 1, yAxisIndex: 1, barMaxWidth: 14,
    data: rows.map(([, open, , , close, volume]) => ({
      value: volume, itemStyle: { color: faded(close >= open ? palette.pos : palette.neg, 0.45) },
    })),
  };
}
