/* Rows of bots that move by themselves: figures from the live feed, words from the server when they change. */

import { announceUnread } from "./bell.js";
import { paint } from "./figures.js";
import { refresh } from "./refresh.js";
import { announceAge, Feed } from "./socket.js";
import { toastLine } from "./toasts.js";

const OF_BOTS = new Set(["order_update", "position_update", "bot_status", "log"]);
const LOOK_MS = 2500;
const NEXT = ["open_up", "open_down", "add", "take_profit"];

/** The nearest trigger, as `next_order` in bots/overview/lines.py finds it. */
function nearest(figures) {
  const marks = NEXT.filter((name) => figures.triggers?.[name]).map((name) => ({ name, ...figures.triggers[name] }));
  marks.sort((a, b) => Math.abs(a.distance) - Math.abs(b.distance));
  return marks[0] ?? null;
}

/** Seconds since the older quote of a bot's figures. */
export function ageOf(figures) {
  const shown = figures.shown_at ? (Date.now() - Date.parse(figures.shown_at)) / 1000 : 0;
  return (figures.stale_s ?? 0) + Math.max(0, shown);
}

const keyOf = (status, figures, next) => [status, figures.level, figures.waiting?.code ?? "", next?.name ?? ""].join("|");

/** Rows whose quotes grew old, or came back, since the server wrote them. */
function agedOtherwise(seen) {
  return [...document.querySelectorAll("tr[data-bot][data-old-after]")].some((row) => {
    const figures = seen.get(Number(row.dataset.bot));
    return figures && ageOf(figures) > Number(row.dataset.oldAfter) !== row.classList.contains("is-stale");
  });
}

/** Paints the rows; `parts` are ids of what is fetched anew when words change. `onFigures(bot, figures)` hears each
 * bot's figures, `onShown()` when all of a frame are shown, `onOther(frame)` what concerns no bot. */
export function watchBots({ parts, onFigures = () => {}, onShown = () => {}, onOther = () => {} }) {
  const seen = new Map();
  const show = (list) => {
    let isChanged = false;
    let oldest = null;
    for (const figures of list) {
      onFigures(figures.bot, figures);
      seen.set(figures.bot, figures);
      const row = document.getElementById(`bot-${figures.bot}`);
      if (!row) continue;
      const next = nearest(figures);
      paint(row, { ...figures, next: next ?? {} });
      const status = row.querySelector("[data-status]").dataset.status;
      if (status === "running") oldest = Math.max(oldest ?? 0, ageOf(figures));
      isChanged ||= row.dataset.key !== keyOf(status, figures, next);
    }
    if (oldest !== null) announceAge(oldest);
    onShown();
    if (isChanged) refresh(parts);
  };
  const take = (frame) => {
    if (frame.type === "log") toastLine(frame.data, nameOf(frame.data.bot));
    if (frame.type === "notifications") announceUnread(frame.data.unread);
    if (frame.type === "spread_update") show(frame.data.bots);
    else if (OF_BOTS.has(frame.type)) refresh(parts);
    else onOther(frame);
  };
  window.setInterval(() => agedOtherwise(seen) && refresh(parts), LOOK_MS);
  return new Feed("/api/v1/ws/dashboard", { onSnapshot: (data) => show(figuresOf(data)), onFrame: take });
}

const nameOf = (bot) => document.querySelector(`#bot-${bot} a`)?.textContent.trim() ?? "";

const figuresOf = (snapshot) =>
  Object.entries(snapshot.figures).map(([bot, figures]) => ({ bot: Number(bot), ...figures }));
