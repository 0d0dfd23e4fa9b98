/* Rows of bots that move by themselves: figures from the live feed, words from the server when they change. */

import { paint } from "./figures.js";
import { refresh } from "./refresh.js";
import { announceAge, Feed } from "./socket.js";

const NEXT = ["open_up", "open_down", "add", "take_profit"];

/** The nearest trigger, as `next_order` in bots/lines.py finds it. */
function nearest(figures) {
  const marks = NEXT.filter((name) => figures.triggers?.[name]).map((name) => ({ name, ...figures.triggers[name] }));
  marks.sort((a, b) => Math.abs(a.distance) - Math.abs(b.distance));
  return marks[0] ?? null;
}

/** Seconds since the older quote of a bot's figures. */
function ageOf(figures) {
  const shown = figures.shown_at ? (Date.now() - Date.parse(figures.shown_at)) / 1000 : 0;
  return (figures.stale_s ?? 0) + Math.max(0, shown);
}

const keyOf = (status, figures, next) => [status, figures.level, figures.waiting?.code ?? "", next?.name ?? ""].join("|");

/** Paints the rows; `parts` are ids of what is fetched anew when words change. `onFigures(bot, figures)` hears each
 * bot's figures, `onShown()` when all of a frame are shown. */
export function watchBots({ parts, onFigures = () => {}, onShown = () => {} }) {
  const show = (list) => {
    let isChanged = false;
    let oldest = null;
    for (const figures of list) {
      onFigures(figures.bot, figures);
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
  return new Feed("/api/v1/ws/dashboard", {
    onSnapshot: (data) => show(figuresOf(data)),
    onFrame: (frame) => (frame.type === "spread_update" ? show(frame.data.bots) : refresh(parts)),
  });
}

const figuresOf = (snapshot) =>
  Object.entries(snapshot.figures).map(([bot, figures]) => ({ bot: Number(bot), ...figures }));

if (document.querySelector(".page #bots") && !document.getElementById("overview")) watchBots({ parts: ["bots"] });
