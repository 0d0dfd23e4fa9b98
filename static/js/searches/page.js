/* The page of one search: follows it while it runs, then puts the result in its place; heat map, parallel axes, walk. */

import { HeatMap } from "./heat_map.js";
import { Parallel } from "./parallel.js";
import { followSearch } from "./progress.js";
import { drawWalk } from "./walk_chart.js";

const AGAIN_MS = 3000;
let drawings = {};
let again = null;

const settingsOf = (root) => JSON.parse(root.querySelector("#search-data").textContent);

function begin() {
  const settings = settingsOf(document);
  drawings = draw(settings);
  if (settings.is_open) followSearch(settings, { onMore: () => soon(settings), onEnd: arrive });
}

function draw(settings) {
  const found = {};
  const [map, parallel, walk] = ["heat-map", "parallel", "walk-chart"].map((id) => document.getElementById(id));
  if (map) found.map = new HeatMap(map, settings);
  if (parallel) found.parallel = new Parallel(parallel, document.getElementById("parallel-count"), settings);
  if (walk && settings.equity?.t.length) drawWalk(walk, settings);
  return found;
}

async function page() {
  try {
    const answer = await fetch(window.location.href, { headers: { "X-Requested-With": "fetch" } });
    return answer.ok && !answer.redirected ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** New sets came in: the table and the drawings move on, at most once in a while. */
function soon(settings) {
  again ??= window.setTimeout(async () => {
    again = null;
    if (document.visibilityState !== "visible" || !document.getElementById("progress")) return;
    const fresh = await page();
    const progress = document.getElementById("progress");
    if (!fresh || !progress) return;
    if (!document.getElementById("heat-map") && fresh.getElementById("heat-map") && fresh.getElementById("progress")) {
      replaceAll(fresh, progress);
      return;
    }
    const best = fresh.getElementById("best");
    if (best) document.getElementById("best").replaceWith(document.adoptNode(best));
    drawings.map?.load();
    drawings.parallel?.load();
  }, AGAIN_MS);
}

/** The whole page anew; a running search keeps its own progress card, which knows more. */
function replaceAll(fresh, progress) {
  const twin = document.adoptNode(fresh.getElementById("search"));
  if (progress) twin.querySelector("#progress")?.replaceWith(progress);
  document.getElementById("search").replaceWith(twin);
  drawings = draw(settingsOf(document));
}

async function arrive() {
  window.clearTimeout(again);
  const fresh = await page();
  if (!fresh) return window.location.reload();
  replaceAll(fresh, null);
  const state = document.getElementById("feed-state");
  if (state) state.hidden = true;
  const settings = settingsOf(document);
  if (settings.is_open) followSearch(settings, { onMore: () => soon(settings), onEnd: arrive });
  return undefined;
}

begin();
