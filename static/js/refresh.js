/* Fetches this page anew and puts its parts in place of the old ones; at most once in two seconds, never beside itself. */

const PAUSE_MS = 2000;

let wanted = new Set();
let timer = null;
let last = 0;
let hooks = [];

/** Called with the new document after each exchange. */
export const onRefresh = (hook) => hooks.push(hook);

export function refresh(ids) {
  for (const id of ids) wanted.add(id);
  if (timer !== null) return;
  timer = window.setTimeout(exchange, Math.max(150, last + PAUSE_MS - Date.now()));
}

async function exchange() {
  const ids = wanted;
  wanted = new Set();
  const fresh = document.visibilityState === "visible" ? await fetchPage() : null;
  if (fresh) replace(ids, fresh);
  last = Date.now();
  timer = null;
  if (!fresh && document.visibilityState === "hidden") for (const id of ids) wanted.add(id);
  else if (wanted.size) refresh([]);
}

async function fetchPage() {
  try {
    const answer = await fetch(window.location.href, { headers: { "X-Requested-With": "fetch" } });
    if (!answer.ok || answer.redirected) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** What has the focus keeps it: a part that holds it waits for the next time. */
function replace(ids, fresh) {
  for (const id of ids) {
    const old = document.getElementById(id);
    const part = fresh.getElementById(id);
    if (!old || !part) continue;
    if (old.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")) wanted.add(id);
    else {
      const focused = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      old.replaceWith(document.adoptNode(part));
      if (focused) document.querySelector(`#${id} a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    }
  }
  for (const hook of hooks) hook(fresh);
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && wanted.size) refresh([]);
});
