/* The risk page: its figures are fetched anew when a bot trades or changes, and now and then for what only time moves. */

import { watchBots } from "../bot_rows.js";
import { refresh } from "../refresh.js";

const PARTS = ["risk-stats", "risk-limits", "risk-states", "risk-stress"];
const EVERY_MS = 15000;

/** What somebody has opened to read stands still until it is closed again. */
const unread = () => PARTS.filter((id) => !document.querySelector(`#${id} details[open]`));

watchBots({ parts: PARTS });
window.setInterval(() => refresh(unread()), EVERY_MS);

for (const select of document.querySelectorAll("select[data-submit]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
