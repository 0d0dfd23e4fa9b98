/* The scanner's page: follows a scan while it runs, then puts the result in its place; the heat map of all pairs. */

import { PairMap } from "./heat_map.js";
import { followScan } from "./progress.js";

let map = null;

const settingsOf = (root) => JSON.parse(root.querySelector("#scan-data")?.textContent ?? "null");

function begin() {
  const settings = settingsOf(document);
  if (!settings) return;
  const host = document.getElementById("pairs-map");
  if (host) map = new PairMap(host, settings);
  if (settings.is_open || settings.is_reading_books) followScan(settings, arrive);
}

async function arrive() {
  try {
    const answer = await fetch(window.location.href, { headers: { "X-Requested-With": "fetch" } });
    if (!answer.ok || answer.redirected) return window.location.reload();
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    map?.end();
    map = null;
    document.getElementById("scan").replaceWith(document.adoptNode(fresh.getElementById("scan")));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return window.location.reload();
  }
  const state = document.getElementById("feed-state");
  if (state) state.hidden = true;
  begin();
  return undefined;
}

begin();
