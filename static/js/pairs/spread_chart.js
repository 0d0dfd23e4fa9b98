/* The spread of a pair in deviations of its first part; the part that the fit has not seen is shaded. */

import * as echarts from "../../vendor/echarts/echarts.esm.min.js";

import { faded, onThemeChange, readPalette } from "../charts/palette.js";
import { niceStep, timeTicks, valueTicks } from "../charts/ticks.js";
import { day, plain, time, timeZone, when } from "../format.js";

const ENTRY = 2;

export function drawSpread(host, data, words) {
  const chart = echarts.init(host, null, { renderer: "canvas" });
  const draw = () => chart.setOption(optionOf(host, chart, data, words), true);
  draw();
  onThemeChange(draw);
  new ResizeObserver(() => {
    chart.resize();
    draw();
  }).observe(host);
}

function optionOf(host, chart, { t, z, split, deviation_pct: deviation }, words) {
  const palette = readPalette(host);
  const low = Math.min(-ENTRY - 0.5, ...z);
  const high = Math.max(ENTRY + 0.5, ...z);
  const step = niceStep((high - low) / Math.max(2, Math.floor(chart.getHeight() / 48)));
  const ticks = timeTicks(t[0], t.at(-1), chart.getWidth() - 90, timeZone, 66);
  const midnights = new Set(ticks.filter((tick) => tick.midnight).map((tick) => tick.at));
  const labels = { color: palette.text3, fontSize: 11, fontFamily: palette.font };
  const bare = { type: "value", axisLine: { show: false }, splitLine: { show: true, lineStyle: { color: palette.line } } };
  const dashed = (color) => ({ color, type: [5, 4], width: 1.2 });
  const level = (value, color) => ({ yAxis: value, lineStyle: dashed(color), label: { show: true, position: "insideEndTop", color, fontSize: 11, formatter: `${plain(value, 0, true)} σ` } });
  const inside = t.findIndex((at) => at >= split);
  const line = (from, to, color) => ({ type: "line", data: t.slice(from, to).map((at, place) => [at, z[from + place]]), showSymbol: false, lineStyle: { color, width: 1.4 }, itemStyle: { color } });
  return {
    animation: false,
    textStyle: { fontFamily: palette.font },
    grid: { left: 52, right: 20, top: 22, bottom: 28, outerBoundsMode: "none" },
    xAxis: { ...bare, min: t[0], max: t.at(-1), axisTick: { show: false, customValues: ticks.map((tick) => tick.at) }, axisPointer: { label: { show: false } }, axisLabel: { ...labels, margin: 9, customValues: ticks.map((tick) => tick.at), formatter: (at) => (midnights.has(at) ? day(at) : time(at)) } },
    yAxis: { ...bare, min: low, max: high, axisTick: { show: false, customValues: valueTicks(low, high, step) }, axisLabel: { ...labels, customValues: valueTicks(low, high, step), formatter: (value) => `${plain(Math.abs(value) < step * 1e-6 ? 0 : value, step < 1 ? 1 : 0, value > step * 1e-6)} σ` } },
    tooltip: {
      trigger: "axis", backgroundColor: palette.surface2, borderColor: palette.line2, borderWidth: 1, padding: [8, 11], confine: true,
      textStyle: { color: palette.text, fontSize: 12, fontFamily: palette.font },
      axisPointer: { lineStyle: { color: palette.text3, width: 1 } },
      formatter: ([{ data: [at, value] }]) => `${when(at)} · ${at < split ? words.fitted : words.checked}<br><b class="num">${plain(value, 2, true)} σ</b> = ${plain(value * deviation, 2, true)} %`,
    },
    series: [
      {
        ...line(0, inside < 0 ? t.length : inside + 1, palette.text),
        markArea: { silent: true, itemStyle: { color: faded(palette.accent, 0.09) }, label: { show: true, position: "insideTop", color: palette.text2, fontSize: 11, formatter: words.checked }, data: [[{ xAxis: split }, { xAxis: t.at(-1) }]] },
        markLine: { silent: true, symbol: "none", data: [{ yAxis: 0, lineStyle: { color: palette.line2, type: "solid", width: 1 }, label: { show: false } }, level(ENTRY, palette.neg), level(-ENTRY, palette.pos)] },
      },
      ...(inside < 0 ? [] : [line(inside, t.length, palette.accent)]),
    ],
  };
}
