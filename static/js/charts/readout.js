/** The cursor of a chart: a vertical line and a card with what happened there, by mouse, finger or arrow keys. */

const REACH = 9; // pixels within which a trade is meant rather than the moment

/**
 * `source` gives the present `{plot, model}`; `describe(point)` the card's content as an element, for a point
 * `{at, index, trade}`; `onMove(point)` is told of every change, null when the cursor is gone.
 */
export class Readout {
  constructor(host, { source, describe, onMove }) {
    Object.assign(this, { host, source, describe, onMove, point: null });
    this.cross = part(host, "chart-cross");
    this.card = part(host, "chart-readout");
    this.voice = part(host, "visually-hidden");
    this.voice.hidden = false;
    this.voice.setAttribute("aria-live", "polite");
    host.addEventListener("pointermove", (event) => this.follow(event));
    host.addEventListener("pointerdown", (event) => this.follow(event));
    host.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.hide());
    host.addEventListener("blur", () => this.hide());
    host.addEventListener("keydown", (event) => this.key(event));
  }

  follow(event) {
    const { plot, model } = this.source();
    if (!plot || model.empty) return;
    const box = this.host.getBoundingClientRect();
    const x = event.clientX - box.left;
    if (x < plot.left - REACH || x > plot.right + REACH) return this.hide();
    this.show(this.meant(x, event.clientY - box.top));
  }

  /** The trade within reach of the pointer, else the nearest point of the line. */
  meant(x, y) {
    const { plot, model } = this.source();
    const away = (trade) => Math.hypot(plot.x(trade.t) - x, (plot.y(trade.spread) - y) * (y > plot.hero.bottom ? 0 : 0.35));
    const trades = model.tradesInWindow().filter((trade) => Math.abs(plot.x(trade.t) - x) <= REACH);
    const trade = trades.sort((a, b) => away(a) - away(b))[0] ?? null;
    const at = trade ? trade.t : model.t[model.nearest(plot.at(x))];
    return { at, index: model.nearest(at), trade };
  }

  key(event) {
    const { model } = this.source();
    if (event.key === "Escape") return this.hide();
    if (model.empty || !["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return undefined;
    event.preventDefault();
    const step = event.key === "ArrowLeft" ? -1 : 1;
    this.show(event.shiftKey ? this.nextTrade(step) : this.nextPoint(event.key, step));
    this.voice.textContent = this.card.innerText.replace(/\s+/g, " ");
    return undefined;
  }

  nextPoint(key, step) {
    const { model } = this.source();
    const last = model.t.length - 1;
    const from = this.point?.index ?? (step > 0 ? -1 : last + 1);
    const index = { Home: 0, End: last }[key] ?? Math.max(0, Math.min(last, from + step));
    return { at: model.t[index], index, trade: null };
  }

  nextTrade(step) {
    const { model } = this.source();
    const trades = model.tradesInWindow();
    const from = this.point?.at ?? (step > 0 ? -Infinity : Infinity);
    const beyond = trades.filter((trade) => (trade.t - from) * step > 0);
    const trade = (step > 0 ? beyond[0] : beyond.at(-1)) ?? this.point?.trade ?? null;
    const at = trade?.t ?? this.point?.at ?? model.lastAt;
    return { at, index: model.nearest(at), trade };
  }

  show(point) {
    const changed = !this.point || this.point.at !== point.at || this.point.trade !== point.trade;
    this.point = point;
    if (changed) {
      this.card.replaceChildren(this.describe(point));
      this.onMove(point);
    }
    this.place();
  }

  /** Moves line and card to where the point stands in the present plot. */
  place() {
    if (!this.point) return;
    const { plot } = this.source();
    const x = plot.x(this.point.at);
    if (x < plot.left - 1) return this.hide();
    this.cross.hidden = this.card.hidden = false;
    this.cross.style.transform = `translateX(${Math.round(x)}px)`;
    this.cross.style.top = `${plot.hero.top - 8}px`;
    this.cross.style.height = `${bottomOf(plot) - plot.hero.top + 8}px`;
    const width = this.card.offsetWidth;
    const right = x + 12 + width <= plot.right + (plot.narrow ? plot.width - plot.right : 0);
    const left = right ? x + 12 : Math.max(4, x - 12 - width);
    this.card.style.transform = `translate(${Math.round(left)}px, ${this.heightFor(plot)}px)`;
    return undefined;
  }

  /** Above the chart; on a narrow one below the point where the card would cover it. */
  heightFor(plot) {
    const { trade, index } = this.point;
    const y = plot.y(trade ? trade.spread : this.source().model.spread[index]);
    const covers = plot.narrow && y < plot.hero.top + this.card.offsetHeight + 8;
    return covers ? bottomOf(plot) - this.card.offsetHeight : plot.hero.top - 4;
  }

  hide() {
    if (!this.point) return;
    this.point = null;
    this.cross.hidden = this.card.hidden = true;
    this.onMove(null);
  }
}

function bottomOf(plot) {
  return (plot.lowest ?? plot.legs ?? plot.hero).bottom;
}

function part(host, name) {
  const element = document.createElement("div");
  element.className = name;
  element.hidden = true;
  host.append(element);
  return element;
}
