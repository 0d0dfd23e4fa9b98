/** Zoom and pan by mouse, finger and keys. A drag pans what is zoomed and marks a part of the whole to look at.
 *
 * The wheel zooms while the chart has the focus, or with Ctrl; otherwise it scrolls the page, as one expects.
 */

const STEP = 0.8;
const LEAST_DRAG = 6; // pixels below which a drag was a click
const GRIP = 9;

export class Gestures {
  constructor(host, chart) {
    Object.assign(this, { host, chart, pointers: new Map(), drag: null });
    host.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    host.addEventListener("pointerdown", (event) => this.down(event));
    host.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) host.addEventListener(name, (event) => this.up(event));
    host.addEventListener("dblclick", () => chart.model && chart.lookAtAll());
    host.addEventListener("keydown", (event) => this.key(event));
  }

  wheel(event) {
    const { chart } = this;
    if (!chart.plot || !(event.ctrlKey || event.metaKey || document.activeElement === this.host)) return;
    event.preventDefault();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
      chart.pan((event.deltaX || event.deltaY) / 1200);
      return;
    }
    chart.zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) / 240), chart.plot.at(this.xOf(event)));
  }

  down(event) {
    const { plot, model } = this.chart;
    if (!plot || event.button) return;
    this.pointers.set(event.pointerId, event);
    const [x, y] = [this.xOf(event), this.yOf(event)];
    if (x < plot.left - GRIP || x > plot.right + GRIP) return;
    if (this.pointers.size === 2) {
      this.drag = { kind: "pinch", apart: this.apart(), view: { ...model.view } };
      return;
    }
    const onStrip = plot.strip && y >= plot.strip.top - 4;
    const kind = onStrip ? this.stripKind(x) : model.isWhole ? "select" : "pan";
    this.drag = { kind, x, view: { ...model.view }, moved: false };
    if (event.pointerType === "mouse") this.host.setPointerCapture(event.pointerId);
  }

  /** On the strip: an end of the window, the window itself, or a place beside it. */
  stripKind(x) {
    const { plot, model } = this.chart;
    const [left, right] = [plot.xWhole(model.view.from), plot.xWhole(model.view.to)];
    if (Math.abs(x - left) <= GRIP) return "left";
    if (Math.abs(x - right) <= GRIP) return "right";
    return x > left && x < right ? "window" : "jump";
  }

  move(event) {
    const { chart, drag } = this;
    if (!this.pointers.has(event.pointerId)) return;
    this.pointers.set(event.pointerId, event);
    if (!drag) return;
    if (drag.kind === "pinch") {
      this.pinch();
      return;
    }
    const x = this.xOf(event);
    if (!drag.moved && Math.abs(x - drag.x) < LEAST_DRAG) return;
    drag.moved = true;
    this.follow(chart, drag, x);
  }

  follow(chart, drag, x) {
    const { plot } = chart;
    const { from, to } = drag.view;
    const along = ((x - drag.x) / (plot.right - plot.left)) * (to - from);
    const inside = Math.max(plot.left, Math.min(plot.right, x));
    if (drag.kind === "pan") chart.look(from - along, to - along);
    else if (drag.kind === "select") chart.select([Math.max(plot.left, Math.min(plot.right, drag.x)), inside]);
    else if (drag.kind === "left") chart.look(Math.min(plot.atWhole(inside), to - 60_000), to);
    else if (drag.kind === "right") chart.look(from, Math.max(plot.atWhole(inside), from + 60_000));
    else {
      const alongWhole = plot.atWhole(x) - plot.atWhole(drag.x);
      chart.look(from + alongWhole, to + alongWhole);
    }
  }

  up(event) {
    const { chart, drag } = this;
    this.pointers.delete(event.pointerId);
    if (!drag || event.type === "pointercancel") {
      this.end();
      return;
    }
    if (drag.kind === "select" && chart.selection) {
      const [left, right] = [Math.min(...chart.selection), Math.max(...chart.selection)];
      chart.look(chart.plot.at(left), chart.plot.at(right));
    } else if (drag.kind === "jump" && !drag.moved) {
      const half = (drag.view.to - drag.view.from) / 2;
      const at = chart.plot.atWhole(this.xOf(event));
      chart.look(at - half, at + half);
    }
    this.end();
  }

  end() {
    this.drag = null;
    if (this.chart.selection) this.chart.select(null);
  }

  pinch() {
    const { chart, drag } = this;
    const [one, two] = [...this.pointers.values()].map((event) => this.xOf(event));
    const factor = drag.apart / Math.max(20, this.apart());
    const { from, to } = drag.view;
    const middle = from + ((((one + two) / 2 - chart.plot.left) / (chart.plot.right - chart.plot.left)) * (to - from));
    chart.look(middle - (middle - from) * factor, middle + (to - middle) * factor);
  }

  apart() {
    const [one, two] = [...this.pointers.values()].map((event) => this.xOf(event));
    return Math.abs(one - two);
  }

  key(event) {
    const { chart } = this;
    if (!chart.model || event.ctrlKey || event.metaKey || event.altKey) return;
    const actions = { "+": () => chart.zoom(STEP), "=": () => chart.zoom(STEP), "-": () => chart.zoom(1 / STEP), 0: () => chart.lookAtAll(), PageUp: () => chart.pan(-0.8), PageDown: () => chart.pan(0.8) };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  xOf(event) {
    return event.clientX - this.host.getBoundingClientRect().left;
  }

  yOf(event) {
    return event.clientY - this.host.getBoundingClientRect().top;
  }
}
