/* Equity of a walk forward: the out-of-sample stretches one after the other. */

import * as echarts from "../../vendor/echarts/echarts.esm.min.js";

import { faded, onThemeChange, readPalette } from "../charts/palette.js";
import { niceStep, timeTicks, valueTicks } from "../charts/ticks.js";
import { day, plain, signed, time, timeZone, when } from "../format.js";

export function drawWalk(host, { equity, currency }) {
  const chart = echarts.init(host, null, { renderer: "canvas" });
  const draw = () => chart.setOption(optionOf(host, chart, equity, currency), true);
  draw();
  onThemeChange(draw);
  new ResizeObserver(() => {
    chart.resize();
    draw();
  }).observe(host);
}

function optionOf(host, chart, { t, equity }, currency) {
  const palette = readPalette(host);
  const [low, high] = [Math.min(0, ...equity), Math.max(0, ...equity)];
  const room = Math.max((high - low) * 0.08, 0.05);
  const step = niceStep((high - low + 2 * room) / Math.max(2, Math.floor(chart.getHeight() / 44)));
  const isNarrow = chart.getWidth() < 560;
  const ticks = timeTicks(t[0], t.at(-1), chart.getWidth() - 80, timeZone, 66);
  const midnights = new Set(ticks.filter((tick) => tick.midnight).map((tick) => tick.at));
  const places = ticks.map((tick) => tick.at);
  const values = valueTicks(low - room, high + room, step);
  const digits = step < 0.1 ? 2 : step < 1 ? 1 : 0;
  const labels = { color: palette.text3, fontSize: 11, fontFamily: palette.font };
  const bare = { type: "value", axisLine: { show: false }, splitLine: { show: true, lineStyle: { color: palette.line } } };
  const color = equity.at(-1) < 0 ? palette.neg : palette.pos;
  return {
    animation: false,
    textStyle: { fontFamily: palette.font },
    grid: { left: 58, right: 16, top: 14, bottom: 28, outerBoundsMode: "none" },
    xAxis: { ...bare, min: t[0], max: t.at(-1), axisTick: { show: false, customValues: places }, axisPointer: { label: { show: false } }, axisLabel: { ...labels, margin: 9, customValues: places, formatter: (at) => (midnights.has(at) ? day(at) : time(at)) } },
    yAxis: { ...bare, min: low - room, max: high + room, axisTick: { show: false, customValues: values }, axisLabel: { ...labels, customValues: values, formatter: (value) => plain(Math.abs(value) < step * 1e-6 ? 0 : value, digits, true) } },
    tooltip: {
      trigger: "axis", backgroundColor: palette.surface2, borderColor: palette.line2, borderWidth: 1, padding: [8, 11], confine: true,
      textStyle: { color: palette.text, fontSize: 12, fontFamily: palette.font },
      axisPointer: { lineStyle: { color: palette.text3, width: 1 } },
      formatter: ([{ data }]) => `${when(data[0])}<br><b class="num">${signed(data[1])}</b> ${currency}`,
    },
    series: [{
      type: "line", data: t.map((at, place) => [at, equity[place]]), showSymbol: false, lineStyle: { color, width: 1.6 }, itemStyle: { color },
      areaStyle: { color: faded(color, 0.1), origin: 0 },
      markLine: { silent: true, symbol: "none", data: [{ yAxis: 0, lineStyle: { color: palette.line2, type: "solid", width: 1 }, label: { show: false } }] },
    }],
  };
}
