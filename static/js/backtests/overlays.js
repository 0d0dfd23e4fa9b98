/** A strategy's own lines on the chart of a run: which pane each belongs to, its colour, and buttons that hide it. */

import { line, valueAxis } from "../charts/chart_option.js";
import { el } from "../charts/elements.js";
import { faded } from "../charts/palette.js";
import { paneScale } from "./run_layout.js";

const DASHES = ["solid", "dashed", "dotted"];

/** Prices stand with market 1: of a pair beneath, in a run of one market on its only line. */
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
  const found = [];
  for (let index = model.firstInView(); index < model.t.length; index += 1) {
    found.push([model.t[index], overlay.values[index]]);
    if (model.t[index] > model.view.to) break;
  }
  return found;
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
  return paneScale(found.low <= found.high ? found : { low: 0, high: 0 }, height, { pitch: 20, room: 0.1 });
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
    .filter((overlay) => !model.hiddenOverlays.has(overlay.name) && overlay.values[index] !== null)
    .map((overlay) => {
      const value = overlay.panel === "own" ? words.number(overlay.values[index], 2) : words.signed(overlay.values[index]);
      const unit = { price: "%", spread: words.say("pp") }[overlay.panel] ?? "";
      return el("div", "readout-foot", el("span", "", overlay.name), el("strong", "num", value, el("small", "", unit)));
    });
}
