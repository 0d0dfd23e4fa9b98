/* The bell of the top bar: how many news are unread. Pages with a live feed are told at once, the others ask now and then. */

const ASK_MS = 30000;
const CHANGED = "notifications:unread";

export const announceUnread = (unread) => document.dispatchEvent(new CustomEvent(CHANGED, { detail: { unread } }));

export function watchBell() {
  const bell = document.getElementById("bell");
  if (!bell) return;
  document.addEventListener(CHANGED, ({ detail }) => show(bell, detail.unread));
  window.setInterval(() => document.visibilityState === "visible" && ask(bell.dataset.unreadUrl), ASK_MS);
}

function show(bell, unread) {
  for (const place of bell.querySelectorAll("[data-unread]")) {
    place.textContent = unread;
    if (place.classList.contains("bubble")) place.hidden = !unread;
  }
  const inRail = document.querySelector(`.nav-item[href="${bell.getAttribute("href")}"] .count`);
  if (inRail) inRail.textContent = unread || "";
}

async function ask(url) {
  try {
    const answer = await fetch(url, { headers: { "X-Requested-With": "fetch" } });
    if (answer.ok && !answer.redirected) announceUnread((await answer.json()).unread);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
  }
}
