/* Recorded history: how much a download would be, and how far those under way have come. */

import { language, whole } from "../format.js";
import { refresh } from "../refresh.js";
import { Feed } from "../socket.js";

const words = JSON.parse(document.getElementById("data-words").textContent);
const form = document.getElementById("download-form");
const estimate = document.getElementById("estimate");
const OPEN = new Set(["queued", "running"]);
const DAY_MS = 86400000;
const BAR_BYTES = 28;
const BARS_MAX = Number(form.dataset.barsMax);
const UNITS = { m: 60000, h: 3600000, d: DAY_MS };

const say = (key, values) => words[key].replace(/%\((\w+)\)s/g, (whole, name) => values[name] ?? whole);

/* --- the form --- */

const field = (name) => form.elements.namedItem(name);
const lengthOf = (timeframe) => Number.parseInt(timeframe, 10) * UNITS[timeframe.at(-1)];

/** Days in UTC, as the server reads them. */
function wantedBars() {
  const since = Date.parse(field("since").value);
  const until = Math.min(field("until").value ? Date.parse(field("until").value) : Date.now(), Date.now());
  if (field("kind").value !== "candles" || !(since < until)) return 0;
  return Math.floor((until - since) / lengthOf(field("timeframe").value));
}

function showEstimate() {
  const bars = wantedBars();
  const isTooMuch = bars > BARS_MAX;
  const size = new Intl.NumberFormat(language, { maximumSignificantDigits: 2 }).format((bars * BAR_BYTES) / 1e6);
  estimate.textContent = bars ? say(isTooMuch ? "too_many" : "estimate", { bars: whole(bars), size }) : "";
  estimate.classList.toggle("neg", isTooMuch);
  estimate.classList.toggle("quiet", !isTooMuch);
  const today = Date.parse(new Date().toISOString().slice(0, 10));
  for (const button of form.querySelectorAll("[data-days]")) {
    const isChosen = !field("until").value && Date.parse(field("since").value) === today - button.dataset.days * DAY_MS;
    button.setAttribute("aria-pressed", String(isChosen));
  }
}

form.addEventListener("input", showEstimate);
form.addEventListener("click", ({ target }) => {
  const days = target.closest("[data-days]")?.dataset.days;
  if (!days) return;
  field("since").value = new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);
  field("until").value = "";
  showEstimate();
});
showEstimate();

/* --- downloads under way --- */

function show(download) {
  const row = document.getElementById(`download-${download.id}`);
  if (!row || row.dataset.status !== download.status) {
    refresh(["downloads", "series"]);
    return;
  }
  if (!download.total) return;
  const share = Math.min(100, (download.done / download.total) * 100);
  row.querySelector(".done")?.setAttribute("width", `${share.toFixed(2)}%`);
  const figures = say("of", { done: whole(download.done), total: whole(download.total) });
  const bars = say(row.dataset.kind === "funding" ? "hours" : "bars", { n: figures });
  const text = row.querySelector("[data-figures]");
  if (text) text.textContent = download.rows ? `${bars} · ${say("stored", { n: whole(download.rows) })}` : bars;
}

/** What was open when the page was made and is not any more has ended meanwhile. */
function showAll({ downloads }) {
  const open = new Set(downloads.map(({ id }) => `download-${id}`));
  const shown = [...document.querySelectorAll(".download")].filter((row) => OPEN.has(row.dataset.status));
  if (shown.some((row) => !open.has(row.id))) refresh(["downloads", "series"]);
  downloads.forEach(show);
}

new Feed("/api/v1/ws/downloads", { onSnapshot: showAll, onFrame: (frame) => show(frame.data) });
