/* An account's figures, positions and open orders, fetched anew while somebody looks. A question that stands open waits. */

import { refresh } from "../refresh.js";

const EVERY_MS = 5000;
const PARTS = ["account-figures", "account-positions", "account-orders", "rehearsal"];
const question = document.getElementById("confirm");

window.setInterval(() => {
  if (!question.open && document.visibilityState === "visible") refresh(PARTS);
}, EVERY_MS);
