/** How many cycles ended with how much: bars, losses and wins each in their colour, the words of a bar on top of it. */

import * as echarts from "../../vendor/echarts/echarts.esm.min.js";

import { faded, onThemeChange, readPalette } from "../charts/palette.js";
import { plain } from "../format.js";

/** `distribution` as the chart address answers it: {edges, counts}; `say(key, values)` fills the page's words in. */
export function drawDistribution(host, { edges, counts }, say) {
  const chart = echarts.init(host, null, { renderer: "canvas" });
  const draw = () => chart.setOption(optionOf(readPalette(host), edges, counts, say, chart.getWidth()), true);
  draw();
  onThemeChange(draw);
  new ResizeObserver(() => {
    chart.resize();
    draw();
  }).observe(host);
  return chart;
}

function optionOf(palette, edges, counts, say, width) {
  const digits = edges.length > 1 && Math.abs(edges[1] - edges[0]) < 1 ? 2 : 0;
  const low = (index) => plain(edges[index], digits, true);
  const every = Math.max(1, Math.ceil(counts.length / Math.max(3, Math.floor(width / 64))));
  const labels = { color: palette.text3, fontSize: 11, fontFamily: palette.font };
  return {
    animation: false,
    textStyle: { fontFamily: palette.font },
    grid: { left: 40, right: 14, top: 12, bottom: 26, outerBoundsMode: "none" },
    xAxis: {
      type: "value", min: edges[0], max: edges.at(-1), axisLine: { show: false }, axisTick: { show: false }, splitLine: { show: false },
      axisLabel: { ...labels, margin: 8, customValues: edges.filter((_, index) => index % every === 0), formatter: (value) => (value === 0 ? "0" : plain(value, digits, true)) },
    },
    yAxis: {
      type: "value", minInterval: 1, axisLine: { show: false }, axisTick: { show: false },
      splitLine: { lineStyle: { color: palette.line } }, axisLabel: { ...labels, formatter: (value) => plain(value, 0) },
    },
    tooltip: {
      trigger: "item", backgroundColor: palette.surface2, borderColor: palette.line2, borderWidth: 1, padding: [8, 11], confine: true,
      textStyle: { color: palette.text, fontSize: 12, fontFamily: palette.font },
      formatter: ({ dataIndex }) => say("cycles_between", { n: plain(counts[dataIndex], 0), low: low(dataIndex), high: low(dataIndex + 1) }),
    },
    series: [{ type: "custom", data: counts.map((count, index) => [edges[index], edges[index + 1], count]), encode: { x: [0, 1], y: 2 }, renderItem: (_, api) => bar(api, palette) }],
  };
}

function bar(api, palette) {
  const [left, bottom] = api.coord([api.value(0), 0]);
  const [right, top] = api.coord([api.value(1), api.value(2)]);
  const color = api.value(1) <= 0 ? palette.neg : palette.pos;
  const shape = { x: left + 1, y: top, width: Math.max(1, right - left - 2), height: Math.max(0, bottom - top), r: [2, 2, 0, 0] };
  return { type: "rect", shape, style: { fill: faded(color, 0.78) }, emphasis: { style: { fill: color } } };
}
