/** Follows a run while it waits and runs: the bar moves, and `onEnd` is called once it has ended. */

import { plain } from "../format.js";
import { Feed } from "../socket.js";

const POLL_MS = 1500;
const OPEN = ["queued", "running"];

export function followProgress(settings, onEnd) {
  const card = document.getElementById("progress");
  let isOver = false;
  const show = ({ status, done, total }) => {
    if (isOver) return;
    if (!OPEN.includes(status)) {
      isOver = true;
      window.clearInterval(timer);
      feed.close();
      onEnd();
      return;
    }
    paint(card, settings, { status, done, total });
  };
  const feed = new Feed(settings.socket, { onSnapshot: show, onFrame: (frame) => show(frame.data) });
  const timer = window.setInterval(() => ask(settings, show), POLL_MS);
}

/** For a page whose socket does not come through. */
async function ask(settings, show) {
  if (document.documentElement.dataset.feed === "live" || document.visibilityState !== "visible") return;
  try {
    const answer = await fetch(`/api/v1/backtests/${settings.id}`, { headers: { Accept: "application/json" } });
    if (answer.ok) show(await answer.json());
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

function paint(card, { words }, { status, done, total }) {
  const share = total ? Math.min(100, (done / total) * 100) : 0;
  const word = card.querySelector("[data-word]");
  if (word.textContent !== words[status]) word.textContent = words[status];
  const values = { done: plain(done, 0), total: plain(total, 0) };
  card.querySelector("[data-bars]").textContent = total ? words.of_bars.replace(/%\((\w+)\)s/g, (_, name) => values[name]) : "";
  card.querySelector("[data-bar]").setAttribute("aria-valuenow", String(Math.round(share)));
  card.querySelector(".progress-line").classList.toggle("is-waiting", status === "queued");
  card.querySelector(".progress-line .fill").setAttribute("width", `${share.toFixed(1)}%`);
}
