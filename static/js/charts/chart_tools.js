/** What every large chart's buttons do alike. */

/** `chart.image()` as a file of that name. */
export function saveImage(chart, name) {
  const link = document.createElement("a");
  link.href = chart.image();
  link.download = `${name}.png`;
  link.click();
}

/** Where the browser knows no full screen for elements, the card covers the page. */
export function toggleFull(card) {
  if (document.fullscreenElement) document.exitFullscreen();
  else if (card.requestFullscreen) card.requestFullscreen();
  else card.classList.toggle("is-full");
}

export function leaveFullOnEscape(cardOf) {
  document.addEventListener("keydown", (event) => event.key === "Escape" && cardOf()?.classList.remove("is-full"));
}
