/* Equity of several runs over one time, each in percent of its own capital. */

import * as echarts from "../../vendor/echarts/echarts.esm.min.js";

import { onThemeChange, readPalette } from "../charts/palette.js";
import { niceStep, timeTicks, valueTicks } from "../charts/ticks.js";
import { day, partsOf, pctSigned, plain, time, timeZone, when } from "../format.js";

const { curves, is_one_time: isOneTime, words } = JSON.parse(document.getElementById("compare-data").textContent);
const host = document.getElementById("compare-chart");
const chart = echarts.init(host, null, { renderer: "canvas" });
const DAY_MS = 86_400_000;
const YEAR_MS = 330 * DAY_MS;

/** Runs over different times are laid over each other from their own first bar on. */
if (!isOneTime) for (const curve of curves) curve.t = curve.t.map((at, _index, all) => at - all[0]);
const dayOf = (at) => words.days.replace("%(n)s", plain(at / DAY_MS, 0));

/** Their colours stand in the sheet, so that legend, heads and lines agree. */
function colours() {
  const probe = document.createElement("i");
  host.append(probe);
  const found = curves.map((_, index) => {
    probe.className = `key-colour key-${index + 1}`;
    return getComputedStyle(probe).color;
  });
  probe.remove();
  return found;
}

function draw() {
  const palette = readPalette(host);
  const tones = colours();
  const all = curves.flatMap((curve) => curve.pct);
  const [low, high] = [Math.min(0, ...all), Math.max(0, ...all)];
  const room = Math.max((high - low) * 0.08, 0.05);
  const step = niceStep((high - low + 2 * room) / Math.max(2, Math.floor(host.clientHeight / 44)));
  const [from, to] = [Math.min(...curves.map((curve) => curve.t[0])), Math.max(...curves.map((curve) => curve.t.at(-1)))];
  const narrow = host.clientWidth < 560;
  const marks = timeTicks(from, to, host.clientWidth - 80, isOneTime ? timeZone : "UTC", narrow ? 66 : 100);
  const ticks = marks.map((tick) => tick.at);
  const midnights = new Set(marks.filter((tick) => tick.midnight).map((tick) => tick.at));
  const labels = { color: palette.text3, fontSize: 11, fontFamily: palette.font };
  const bare = { type: "value", axisLine: { show: false }, splitLine: { show: true, lineStyle: { color: palette.line } } };
  const dayText = (at) => (to - from > YEAR_MS ? `${day(at)} ${partsOf(at).year}` : day(at));
  const values = valueTicks(low - room, high + room, step);
  const digits = step < 0.1 ? 2 : step < 1 ? 1 : 0;
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: palette.font },
    grid: { left: 56, right: narrow ? 12 : 24, top: 14, bottom: 28, outerBoundsMode: "none" },
    xAxis: { ...bare, min: from, max: to, axisTick: { show: false, customValues: ticks }, axisPointer: { label: { show: false } }, axisLabel: { ...labels, margin: 9, customValues: ticks, formatter: (at) => (!isOneTime ? dayOf(at) : midnights.has(at) ? dayText(at) : time(at)) } },
    yAxis: { ...bare, min: low - room, max: high + room, axisTick: { show: false, customValues: values }, axisLabel: { ...labels, customValues: values, formatter: (value) => (Math.abs(value) < step * 1e-6 ? "0 %" : `${plain(value, digits, true)} %`) } },
    dataZoom: [{ type: "inside", zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false }],
    tooltip: {
      trigger: "axis", backgroundColor: palette.surface2, borderColor: palette.line2, borderWidth: 1, padding: [8, 11], confine: true,
      textStyle: { color: palette.text, fontSize: 12, fontFamily: palette.font },
      axisPointer: { lineStyle: { color: palette.text3, width: 1 } },
      formatter: card,
    },
    series: curves.map((curve, index) => ({
      type: "line", name: String(index), data: curve.t.map((at, place) => [at, curve.pct[place]]), showSymbol: false, connectNulls: true,
      lineStyle: { color: tones[index], width: 1.8 }, itemStyle: { color: tones[index] },
      markLine: index ? undefined : { silent: true, symbol: "none", data: [{ yAxis: 0, lineStyle: { color: palette.line2, type: "solid", width: 1 }, label: { show: false } }] },
    })),
  }, true);
}

/** Names come from people: they are written as text, never as markup. */
function card(shown) {
  const box = document.createElement("div");
  const head = box.appendChild(document.createElement("strong"));
  head.textContent = isOneTime ? when(shown[0].data[0]) : dayOf(shown[0].data[0]);
  for (const point of shown) {
    const row = box.appendChild(document.createElement("div"));
    row.className = "compare-row";
    const key = row.appendChild(document.createElement("i"));
    key.className = `key key-${point.seriesIndex + 1}`;
    row.append(` ${curves[point.seriesIndex].name} `);
    const value = row.appendChild(document.createElement("b"));
    value.className = "num";
    value.textContent = pctSigned(point.data[1]);
  }
  return box;
}

draw();
onThemeChange(draw);
new ResizeObserver(() => {
  chart.resize();
  draw();
}).observe(host);
