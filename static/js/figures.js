/* Keeps the figures written by `{% num … live="field" %}` up to date. */

import { kinds, tone } from "./format.js";
import { flash, write } from "./flash.js";

const at = (figures, path) => path.split(".").reduce((found, key) => found?.[key], figures);

/** Writes one figure element; flashes green or red by the way it went. */
export function setFigure(element, value) {
  const { kind, digits } = element.dataset;
  const text = kinds[kind](value, digits === undefined ? undefined : Number(digits));
  const before = Number(element.dataset.value ?? Number.NaN);
  element.dataset.value = value ?? "";
  if (!write(element.querySelector(".v") ?? element, text)) return;
  if ("toned" in element.dataset) setTone(element, value);
  flash(element, Number.isNaN(before) ? 0 : Math.sign(Number(value) - before));
}

export function setTone(element, value) {
  const name = tone(value);
  element.classList.toggle("pos", name === "pos");
  element.classList.toggle("neg", name === "neg");
}

/** Every `[data-live]` inside `root`, from one frame of figures. Fields that the frame lacks stay as they are. */
export function paint(root, figures) {
  for (const element of root.querySelectorAll("[data-live]")) {
    const value = at(figures, element.dataset.live);
    if (value !== undefined) setFigure(element, value);
  }
}
