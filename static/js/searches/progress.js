/** Follows a search while it waits and runs: sets done, best score so far, pace, time left. */

import { duration, kinds, plain } from "../format.js";
import { Feed } from "../socket.js";

const POLL_MS = 2000;
const WINDOW_MS = 20_000;
const OPEN = ["queued", "running"];

const filled = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);

/** `onMore` is called whenever sets came in, `onEnd` once it has ended. */
export function followSearch(settings, { onMore, onEnd }) {
  let isOver = false;
  let seen = settings.done;
  const marks = [];
  const show = (data) => {
    if (isOver) return;
    if (!OPEN.includes(data.status)) {
      isOver = true;
      window.clearInterval(timer);
      feed.close();
      onEnd();
      return;
    }
    const now = performance.now();
    if (!marks.length || data.done > marks.at(-1).done) marks.push({ at: now, done: data.done });
    while (marks.length > 2 && now - marks[0].at > WINDOW_MS) marks.shift();
    paint(settings, data, paceOf(marks));
    if (data.done > seen) onMore();
    seen = Math.max(seen, data.done);
  };
  const feed = new Feed(settings.socket, { onSnapshot: show, onFrame: (frame) => show(frame.data) });
  const timer = window.setInterval(() => ask(settings, show), POLL_MS);
}

/** Sets a second over the last while; null until two looks are apart. */
function paceOf(marks) {
  const [first, last] = [marks[0], marks.at(-1)];
  const seconds = (last.at - first.at) / 1000;
  return marks.length > 1 && seconds > 0.5 ? (last.done - first.done) / seconds : null;
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

function paint({ words, score_kind: kind }, { status, done, total, best }, pace) {
  const card = document.getElementById("progress");
  if (!card) return;
  const share = total ? Math.min(100, (done / total) * 100) : 0;
  const write = (name, text) => {
    const element = card.querySelector(`[data-${name}]`);
    if (text !== null && element.textContent !== text) element.textContent = text;
  };
  write("word", words[status]);
  write("sets", total ? filled(words.of_sets, { done: plain(done, 0), total: plain(total, 0) }) : "");
  write("rate", pace ? filled(words.rate, { n: plain(pace, pace < 10 ? 1 : 0) }) : "");
  write("left", pace ? filled(words.left, { time: duration((total - done) / pace) }) : "");
  write("best", best ? filled(words.best, { score: kinds[kind](best.score) }) : null);
  card.querySelector("[data-bar]").setAttribute("aria-valuenow", String(Math.round(share)));
  const line = card.querySelector(".progress-line");
  line.classList.toggle("is-waiting", status === "queued");
  line.querySelector(".fill").setAttribute("width", `${share.toFixed(1)}%`);
}
