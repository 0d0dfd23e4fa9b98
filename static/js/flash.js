/* A figure that changes lights up softly for 400 ms; nothing else on the page moves. */

const quiet = window.matchMedia("(prefers-reduced-motion: reduce)");

export function flash(element, direction = 0) {
  if (quiet.matches) return;
  element.classList.remove("flash", "flash-up", "flash-down");
  void element.offsetWidth;
  element.classList.add("flash");
  if (direction) element.classList.add(direction > 0 ? "flash-up" : "flash-down");
}

/** Writes text into an element only when it differs; says whether it did. */
export function write(element, text) {
  if (!element || element.textContent === text) return false;
  element.textContent = text;
  return true;
}
