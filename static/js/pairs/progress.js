/** Follows a scan while it waits and runs, and afterwards until the books of its best pairs are read. */

import { duration, plain } from "../format.js";
import { Feed } from "../socket.js";

const POLL_MS = 2000;
const WINDOW_MS = 10_000;
const OPEN = ["queued", "running"];
const ASKED = "asked";

const filled = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);
const stageOf = ({ status, liquidity }) => (OPEN.includes(status) ? "open" : status === "done" && liquidity === ASKED ? "books" : "over");

/** `onNext` is called once the scan is not any more what the page shows: done, or its books are read. */
export function followScan(settings, onNext) {
  const shown = settings.is_open ? "open" : "books";
  const marks = [];
  let isOver = false;
  const show = (data) => {
    if (isOver) return;
    if (stageOf(data) !== shown) {
      isOver = true;
      window.clearInterval(timer);
      feed.close();
      onNext();
      return;
    }
    const now = performance.now();
    if (!marks.length || data.done > marks.at(-1).done) marks.push({ at: now, done: data.done });
    while (marks.length > 2 && now - marks[0].at > WINDOW_MS) marks.shift();
    paint(settings, data, paceOf(marks));
  };
  const feed = new Feed(settings.socket, {
    onSnapshot: (data) => show({ ...data, liquidity: data.liquidity ?? data.summary?.liquidity }),
    onFrame: (frame) => show(frame.data),
  });
  const timer = window.setInterval(() => ask(settings, show), POLL_MS);
}

/** Pairs a second over the last while; null until two looks are apart. */
function paceOf(marks) {
  const [first, last] = [marks[0], marks.at(-1)];
  const seconds = (last.at - first.at) / 1000;
  return marks.length > 1 && seconds > 0.5 ? (last.done - first.done) / seconds : null;
}

/** For a page whose socket does not come through. */
async function ask(settings, show) {
  if (document.documentElement.dataset.feed === "live" || document.visibilityState !== "visible") return;
  try {
    const answer = await fetch(`/api/v1/pairs/scans/${settings.id}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const data = await answer.json();
    show({ ...data, liquidity: data.summary.liquidity });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

function paint({ words }, { status, done, total, waiting_for: waiting }, pace) {
  const card = document.getElementById("progress");
  if (!card) return;
  const share = total ? Math.min(100, (done / total) * 100) : 0;
  const write = (name, text) => {
    const element = card.querySelector(`[data-${name}]`);
    if (element.textContent !== text) element.textContent = text;
  };
  write("word", waiting ? filled(words.waiting, { n: plain(waiting, 0) }) : words[status]);
  write("pairs", total ? filled(words.of_pairs, { done: plain(done, 0), total: plain(total, 0) }) : "");
  write("rate", pace ? filled(words.rate, { n: plain(pace, pace < 10 ? 1 : 0) }) : "");
  write("left", pace ? filled(words.left, { time: duration((total - done) / pace) }) : "");
  card.querySelector("[data-bar]").setAttribute("aria-valuenow", String(Math.round(share)));
  const line = card.querySelector(".progress-line");
  line.classList.toggle("is-waiting", !total);
  line.querySelector(".fill").setAttribute("width", `${share.toFixed(1)}%`);
}
