/* What came of something: a card in the corner. Good news leaves by itself, a problem stays until it is put away. */

const SHOWN_MS = 8000;
const MOST = 3;
const FADE_MS = 160;
const LASTING = new Set(["warning", "error"]);

const place = () => document.getElementById("toasts");

function leave(card) {
  card.classList.add("is-leaving");
  window.setTimeout(() => card.remove(), FADE_MS);
}

/** Counts down while nobody points at the card or has the focus in it. */
function leaveLater(card) {
  window.setTimeout(() => (card.matches(":hover, :focus-within") ? leaveLater(card) : leave(card)), SHOWN_MS);
}

function arm(card) {
  const close = document.getElementById("toast-close").content.cloneNode(true);
  close.querySelector("button").addEventListener("click", () => leave(card));
  card.append(close);
  if (!LASTING.has(card.dataset.level)) leaveLater(card);
}

/** `level`: "success", "warning" or "error"; `head` stands before the text in bold. The oldest make room for it. */
export function toast(text, level = "success", head = "") {
  const card = document.getElementById(`toast-${level}`).content.firstElementChild.cloneNode(true);
  const words = card.querySelector("span");
  words.textContent = text;
  if (head) {
    const strong = document.createElement("b");
    strong.textContent = `${head} `;
    words.prepend(strong);
  }
  for (const old of [...place().querySelectorAll(".notice:not(.is-leaving)")].slice(0, 1 - MOST)) leave(old);
  place().append(card);
  arm(card);
}

const LEVELS = { trade: "success", warning: "warning", error: "error" };

/** A line of a bot's journal as it is written; what only informs is left to the journal. */
export function toastLine({ log_type: type, message }, head = "") {
  if (type in LEVELS) toast(message, LEVELS[type], head);
}

/** Arms the cards that came with the page. */
export function watchToasts() {
  for (const card of place()?.querySelectorAll(".notice") ?? []) arm(card);
}
