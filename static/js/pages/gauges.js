/* The bars under the headline figures, redrawn as figures change; mirrors bots/gauges.py. */

const SVG = "http://www.w3.org/2000/svg";

const place = (value, low, high) => Math.max(0, Math.min(100, ((value - low) / (high - low)) * 100));

function rect(tone, x, width) {
  const element = document.createElementNS(SVG, "rect");
  for (const [name, value] of Object.entries({ class: tone, x: `${x}%`, width: `${width}%`, height: 4, rx: 2 })) {
    element.setAttribute(name, value);
  }
  return element;
}

/** `parts`: [tone, x, width]; `mark`: where the present value stands, or null. All in percent. */
function draw(root, name, parts, mark) {
  const gauge = root.querySelector(`[data-gauge="${name}"]`);
  if (!gauge) return;
  gauge.querySelectorAll("rect:not(.track), rect.track[x]").forEach((old) => old.remove());
  gauge.append(...parts.map((part) => rect(...part)));
  if (mark === null) return;
  const needle = rect("mark", mark, 0);
  for (const [key, value] of Object.entries({ y: -3, width: 2, height: 10, rx: 1 })) needle.setAttribute(key, value);
  gauge.append(needle);
}

/** The P&L that the take profit of a spread would bring; linear between here and break-even. */
function pctAtTakeProfit({ triggers }, pct) {
  const away = triggers.break_even?.distance;
  return triggers.take_profit && away ? pct - (pct * triggers.take_profit.distance) / away : 0;
}

function pnlBounds(figures, bot) {
  const pct = figures.pnl_pct ?? 0;
  let high = bot.regression ? pctAtTakeProfit(figures, pct) : bot.take_profit;
  if (!(high > 0)) high = Math.max(pct, 1);
  const low = bot.stop_loss > 0 ? -bot.stop_loss : Math.min(pct * 1.2, -high);
  return [Math.min(low, pct), Math.max(high, pct)];
}

function drawPnl(root, figures, bot) {
  const [low, high] = pnlBounds(figures, bot);
  if (figures.pnl_pct === null || figures.pnl_pct === undefined) return draw(root, "pnl", [], null);
  const zero = place(0, low, high);
  const now = place(figures.pnl_pct, low, high);
  const parts = [["fill-pos", zero, 100 - zero]];
  if (now < zero) parts.unshift(["fill-neg", now, zero - now]);
  return draw(root, "pnl", parts, now);
}

/** The triggers below and above the spread that come first. */
export function spreadEnds(triggers) {
  const marks = Object.entries(triggers)
    .filter(([name]) => name !== "break_even" && name !== "stop_loss")
    .map(([name, mark]) => ({ name, ...mark }));
  const below = marks.filter((mark) => mark.distance <= 0).sort((a, b) => b.spread - a.spread);
  const above = marks.filter((mark) => mark.distance > 0).sort((a, b) => a.spread - b.spread);
  return [below[0] ?? null, above[0] ?? null];
}

export function drawGauges(root, figures, bot) {
  drawPnl(root, figures, bot);
  const [below, above] = spreadEnds(figures.triggers);
  const isBetween = below && above && above.spread > below.spread;
  draw(root, "spread", [], isBetween ? place(figures.spread, below.spread, above.spread) : null);
  draw(root, "exposure", [["fill", 0, place(Number(figures.exposure), 0, Number(figures.cap))]], null);
}
