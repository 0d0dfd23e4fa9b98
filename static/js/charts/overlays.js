/** A strategy's own lines on the chart of a bot or a run: which pane each belongs to, its colour, and buttons that hide
 * it. A line has the times of the chart's points, or `t` of its own. */

import { line, valueAxis } from "./chart_option.js";
import { el } from "./elements.js";
import { paneScale } from "./layout.js";
import { faded } from "./palette.js";

const DASHES = ["solid", "dashed", "dotted"];

/** Prices stand with market 1: of a pair beneath, of a lone market on its only line. */
function paneOf(overlay, isPair) {
  if (overlay.panel === "own") return "own";
  return overlay.panel === "price" && isPair ? "legs" : "hero";
}

/** Whether or not its lines are hidden: panes stay where they are. */
export function hasOwnPane(model) {
  return model.overlays.some(({ panel }) => panel === "own");
}

export function shownIn(pane, model, isPair) {
  return model.overlays.filter((overlay) => !model.hiddenOverlays.has(overlay.name) && paneOf(overlay, isPair) === pane);
}

/** `[ms, value]` from just before the view to just after it; null where it has none. */
function pointsOf(overlay, model) {
  const times = overlay.t ?? model.t;
  const found = [];
  for (let index = Math.max(0, lastUntil(times, model.view.from)); index < times.length; index += 1) {
    found.push([times[index], overlay.values[index]]);
    if (times[index] > model.view.to) break;
  }
  return found;
}

/** Index of the last of these times that is not after `at`; -1 for none. */
function lastUntil(times, at) {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** What it was at a point of the chart: that of its last bar before. */
function valueAt(overlay, model, index) {
  return overlay.t ? (overlay.values[lastUntil(overlay.t, model.t[index])] ?? null) : overlay.values[index];
}

/** `{low, high}` widened so that these lines fit in. */
export function widened({ low, high }, overlays, model) {
  let [least, most] = [low, high];
  for (const overlay of overlays) {
    for (const [, value] of pointsOf(overlay, model)) {
      if (value === null) continue;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
  }
  return { low: least, high: most };
}

export function ownScale(model, isPair, height) {
  const found = widened({ low: Infinity, high: -Infinity }, shownIn("own", model, isPair), model);
  return paneScale(found.low <= found.high ? found : { low: 0, high: 0 }, height, { pitch: 15, room: 0.1 });
}

export function overlayColor(model, overlay, palette) {
  return model.overlays.indexOf(overlay) % 2 ? palette.m2 : palette.warn;
}

function dashOf(model, overlay) {
  return DASHES[Math.floor(model.overlays.indexOf(overlay) / 2) % DASHES.length];
}

/** Every line there is, hidden ones empty, so that a line keeps its place from drawing to drawing. */
export function overlaySeries(model, panes, palette, isPair) {
  return model.overlays.map((overlay, index) => {
    const pane = panes[paneOf(overlay, isPair)];
    const isShown = pane !== undefined && !model.hiddenOverlays.has(overlay.name);
    const color = faded(overlayColor(model, overlay, palette), 0.9);
    const drawn = line(`overlay-${index}`, pane ?? 0, isShown ? pointsOf(overlay, model) : [], color, 1.1);
    return { ...drawn, lineStyle: { ...drawn.lineStyle, type: dashOf(model, overlay) } };
  });
}

export function ownAxis(index, scale, palette, words) {
  const axis = valueAxis(index, scale, "", palette, words);
  const digits = scale.step < 0.1 ? 2 : Number.isInteger(scale.step) ? 0 : 1;
  return { ...axis, axisLabel: { ...axis.axisLabel, formatter: (value) => words.number(Math.abs(value) < scale.step * 1e-6 ? 0 : value, digits) } };
}

/** One button a line into `host`, pressed while it is drawn; `onChange` after each press. */
export function overlayButtons(host, chart) {
  if (!host || !chart.model) return;
  const { model } = chart;
  host.hidden = model.overlays.length === 0;
  const names = model.overlays.map((overlay) => overlay.name);
  if (host.dataset.names === names.join("|")) return;
  host.dataset.names = names.join("|");
  host.replaceChildren(...model.overlays.map((overlay, index) => button(overlay, index, chart)));
}

function button(overlay, index, chart) {
  const swatch = el("i", `swatch swatch-${index % 2} swatch-${dashOf(chart.model, overlay)}`);
  swatch.setAttribute("aria-hidden", "true");
  const found = el("button", "segment", swatch, overlay.name);
  found.type = "button";
  found.setAttribute("aria-pressed", "true");
  found.addEventListener("click", () => {
    const hidden = chart.model.hiddenOverlays;
    if (!hidden.delete(overlay.name)) hidden.add(overlay.name);
    found.setAttribute("aria-pressed", String(!hidden.has(overlay.name)));
    chart.schedule();
  });
  return found;
}

/** What the lines say at a point, for the card beside the pointer. */
export function overlayRows(model, index, words) {
  return model.overlays
    .filter((overlay) => !model.hiddenOverlays.has(overlay.name) && valueAt(overlay, model, index) !== null)
    .map((overlay) => {
      const [value, unit] = written(overlay.panel, valueAt(overlay, model, index), words);
      return el("div", "readout-foot", el("span", "", overlay.name), el("strong", "num", value, el("small", "", unit)));
    });
}

function written(panel, value, words) {
  if (panel === "own") return [words.number(value, 2), ""];
  if (panel === "spread") return [words.signed(value), words.say("pp")];
  return words.isPriced ? [words.level(value), ""] : [words.signed(value), "%"];
}
