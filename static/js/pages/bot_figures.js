/* Everything on a bot's page that follows from one frame of live figures. */

import { paint } from "../figures.js";
import { write } from "../flash.js";
import { duration, spread as spreadText, tone } from "../format.js";
import { drawGauges, spreadEnds } from "./gauges.js";

const DISTANCES = ["up", "down", "add", "close"];

/** The figures with what the page adds: fees as what they cost, both legs at their prices of now. */
function extended(figures) {
  const all = { ...figures, fees_paid: -Number(figures.fees) };
  for (const card of document.querySelectorAll("[data-leg]")) {
    const [amount, cost, invested, start] = ["amount", "cost", "invested", "start"].map((key) => Number(card.dataset[key]));
    const price = Number(figures[`price${card.dataset.leg}`]);
    const pnl = amount * price - cost;
    all[`leg${card.dataset.leg}`] = {
      price,
      change: (price / start - 1) * 100,
      ...(amount && { value: Math.abs(amount) * price, pnl, pnl_pct: invested ? (pnl / invested) * 100 : null }),
    };
  }
  return all;
}

/** Arrow and colour of a change beside which no sign is written. */
function turnArrows(figures) {
  for (const element of document.querySelectorAll("[data-arrow]")) {
    const value = element.dataset.arrow.split(".").reduce((found, key) => found?.[key], figures);
    const way = tone(value);
    element.classList.toggle("pos", way === "pos");
    element.classList.toggle("up", way === "pos");
    element.classList.toggle("neg", way === "neg");
    element.classList.toggle("down", way === "neg");
  }
}

function showParts(figures) {
  const shown = { position: Boolean(figures.side), flat: !figures.side, next_order: figures.next_order !== null };
  for (const element of document.querySelectorAll("[data-if]")) element.hidden = !shown[element.dataset.if];
}

/** The sentence of what the bot waits for, its distances (and the unit behind them) in bold. */
function tellWaiting({ code, params }, templates) {
  const element = document.getElementById("waits");
  const text = templates[code];
  if (!element || !text) return;
  const parts = text.split(/(\{\w+\}(?: pp)?)/).map((part) => {
    const [, name, unit] = part.match(/^\{(\w+)\}( pp)?$/) ?? [];
    if (!name) return part;
    if (!DISTANCES.includes(name)) return `${params[name] ?? name}${unit ?? ""}`;
    const figure = document.createElement("b");
    figure.className = "num";
    figure.textContent = `${params[name] ?? name}${unit ?? ""}`;
    return figure;
  });
  const whole = parts.map((part) => part.textContent ?? part).join("");
  if (element.textContent.trim() !== whole) element.replaceChildren(...parts);
}

function nameEnds(figures, strings) {
  const spans = document.querySelectorAll("#spread-ends > span");
  const narrow = matchMedia("(max-width: 767.98px)").matches;
  spreadEnds(figures.triggers).forEach((mark, index) =>
    write(spans[index], mark ? `${nameOf(mark, strings, narrow)} ${spreadText(mark.spread)}` : ""),
  );
}

function nameOf(mark, strings, narrow) {
  if (mark.name === "take_profit") return narrow ? strings.take_profit_short : strings.take_profit;
  if (mark.name === "add") return strings.add_level.replace("%(level)s", mark.level);
  if (narrow) return mark.side > 0 ? strings.side_long : strings.side_short;
  return mark.side > 0 ? strings.open_long : strings.open_short;
}

function showHeld(figures) {
  for (const element of document.querySelectorAll("[data-held]")) {
    write(element, duration((Date.parse(figures.at) - Date.parse(element.dataset.held)) / 1000));
  }
}

/** `bot`: the page's data (bots/pages/bot_view.py, `script_data`). */
export function showFigures(figures, bot) {
  const all = extended(figures);
  showParts(figures);
  for (const id of ["bot-figures", "bot-legs", "tab-content"]) {
    const root = document.getElementById(id);
    if (root) paint(root, all);
  }
  turnArrows(all);
  showHeld(figures);
  tellWaiting(figures.waiting, bot.waiting);
  nameEnds(figures, bot.strings);
  drawGauges(document.getElementById("bot-figures"), figures, bot);
  document.getElementById("bot-figures").classList.toggle("is-stale", figures.stale_s > bot.max_quote_age);
}
