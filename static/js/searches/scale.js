/** Colours of scores: from the worst over a quiet middle to the best, with the middle at nothing where losses are there. */

const parts = (color) => color.match(/[\d.]+/g).map(Number);

function mix(from, to, share) {
  const [a, b] = [parts(from), parts(to)];
  return `rgb(${[0, 1, 2].map((i) => Math.round(a[i] + (b[i] - a[i]) * share)).join(",")})`;
}

/** Scores far out would leave the rest without a difference: the ends stand at the 5th and the 95th of a hundred. */
export function rangeOf(scores) {
  const sorted = scores.filter((score) => score !== null).sort((a, b) => a - b);
  if (!sorted.length) return [0, 1];
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.round(share * (sorted.length - 1)))];
  const [low, high] = [at(0.05), at(0.95)];
  return low < high ? [low, high] : [sorted[0] - 0.5, sorted.at(-1) + 0.5];
}

/** A function from a score to its colour. `middle`: what counts as neither good nor bad, null for none. */
export function scoreColour(palette, [low, high], middle = 0) {
  const ground = mix(palette.surface, palette.text, 0.12);
  const isSplit = middle !== null && low < middle && middle < high;
  return (score) => {
    if (score === null) return palette.surface2;
    if (isSplit && score < middle) return mix(ground, palette.neg, Math.min(1, (middle - score) / (middle - low)) * 0.85);
    const floor = isSplit ? middle : low;
    const share = Math.max(0, Math.min(1, (score - floor) / (high - floor || 1)));
    if (!isSplit && high <= (middle ?? -Infinity)) return mix(palette.neg, ground, share);
    return mix(ground, palette.pos, share * 0.92 + 0.04);
  };
}

/** Text on a coloured cell: whichever of the page's two inks stands out more. */
export function inkOn(colour, palette) {
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const contrast = (ink) => {
    const [a, b] = [light(parts(ink)), light(parts(colour))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  };
  return contrast(palette.text) >= contrast(palette.bg) ? palette.text : palette.bg;
}

export const MIDDLE = { profit_factor: 1, win_rate: null };
