/* The page of one pair: its spread over both parts. */

import { dataFor } from "../searches/drawn.js";
import { drawSpread } from "./spread_chart.js";

const host = document.getElementById("pair-chart");
const settings = JSON.parse(document.getElementById("pair-data").textContent);

async function load() {
  const data = await dataFor(host, settings.url, load);
  if (data) drawSpread(host, data, settings.words);
}

load();
