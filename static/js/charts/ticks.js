/** Round places on an axis: values by 1, 2, 5, times by the clock of the reader's zone. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TIME_STEPS = [
  MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, 6 * HOUR,
  8 * HOUR, 12 * HOUR, DAY, 2 * DAY, 5 * DAY, 10 * DAY, 30 * DAY,
];

/** The smallest of 1, 2, 5 times a power of ten that is about `rough` or more. */
export function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * 0.85);
  return factor * power;
}

export function valueTicks(min, max, step) {
  const ticks = [];
  for (let n = Math.ceil(min / step - 1e-9); n * step <= max + step * 1e-9; n += 1) ticks.push(n * step);
  return ticks;
}

/** Milliseconds that `timeZone` is ahead of UTC at `at`. */
export function zoneOffset(at, timeZone) {
  const parts = {};
  for (const part of clock(timeZone).formatToParts(at)) parts[part.type] = Number(part.value);
  const local = Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second);
  return local - Math.floor(at / 1000) * 1000;
}

/** Ticks in `[from, to]`, at most one per `least` pixels: `{at, midnight}`. */
export function timeTicks(from, to, width, timeZone, least) {
  const most = Math.max(1, Math.floor(width / least));
  const step = TIME_STEPS.find((candidate) => (to - from) / candidate <= most) ?? 90 * DAY;
  const ticks = [];
  const first = Math.floor((from + zoneOffset(from, timeZone)) / step) * step;
  for (let local = first; ; local += step) {
    const at = fromLocal(local, timeZone);
    if (at > to) return ticks;
    if (at >= from) ticks.push({ at, midnight: local % DAY === 0 });
  }
}

function fromLocal(local, timeZone) {
  const guess = local - zoneOffset(local, timeZone);
  return local - zoneOffset(guess, timeZone);
}

const clocks = new Map();

function clock(timeZone) {
  if (!clocks.has(timeZone)) {
    const parts = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" };
    clocks.set(timeZone, new Intl.DateTimeFormat("en-US", { ...parts, hourCycle: "h23", timeZone }));
  }
  return clocks.get(timeZone);
}
