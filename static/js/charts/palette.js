/** The design tokens as colours that a canvas understands, and a call when they change. */

const TOKENS = {
  bg: "--bg",
  surface: "--surface",
  surface2: "--surface-2",
  line: "--line",
  line2: "--line-2",
  text: "--text",
  text2: "--text-2",
  text3: "--text-3",
  accent: "--accent",
  pos: "--pos",
  neg: "--neg",
  warn: "--warn",
  m2: "--m2",
  onMark: "--on-mark",
  posSoft: "--pos-soft",
  negSoft: "--neg-soft",
  warnSoft: "--warn-soft",
};

/** Colours of `host`'s theme as `rgb()` or `rgba()`, and its font family. */
export function readPalette(host) {
  const probe = document.createElement("span");
  probe.hidden = true;
  host.append(probe);
  const palette = {};
  for (const [name, token] of Object.entries(TOKENS)) {
    probe.style.color = `var(${token})`;
    palette[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  palette.font = getComputedStyle(host).fontFamily;
  return palette;
}

/** `color` at that share of its opacity. */
export function faded(color, share) {
  const [r, g, b, alpha = 1] = color.match(/[\d.]+/g).map(Number);
  return `rgba(${r},${g},${b},${alpha * share})`;
}

export function sideColor(palette, side) {
  return side > 0 ? palette.pos : palette.neg;
}

/** Calls back after the page or the device changed its colour scheme. Returns the function that ends it. */
export function onThemeChange(callback) {
  const device = matchMedia("(prefers-color-scheme: dark)");
  const watcher = new MutationObserver(() => callback());
  watcher.observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
  device.addEventListener("change", callback);
  return () => {
    watcher.disconnect();
    device.removeEventListener("change", callback);
  };
}
