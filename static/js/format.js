/* Every figure that scripts write; mirrors bots/templatetags/figures.py. */

const MINUS = "\u2212";
const THIN = "\u2009";
export const NONE = "\u2013";
const PRICE_DIGITS = 5;

const root = document.documentElement;
export const language = root.lang || "en";
export const timeZone = root.dataset.timeZone || "UTC";
export const words = JSON.parse(document.getElementById("words")?.textContent || "{}");

/** A translated template with its `%(name)s` places filled. */
export const say = (key, values = {}) =>
  (words[key] ?? key).replace(/%\((\w+)\)s/g, (whole, name) => values[name] ?? whole);

const grouped = new Map();
function group(value, digits) {
  if (!grouped.has(digits)) {
    grouped.set(digits, new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  }
  return grouped.get(digits).format(value);
}

const numberOf = (value) => {
  if (value === null || value === undefined || value === "" || typeof value === "boolean") return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
};

export function plain(value, digits, signed = false) {
  const number = numberOf(value);
  if (number === null) return NONE;
  const text = group(Math.abs(number), digits);
  const isZero = !/[1-9]/.test(text);
  if (number < 0 && !isZero) return MINUS + text;
  return signed ? `+${text}` : text;
}

const withUnit = (text, unit) => (text === NONE ? text : text + unit);

export const money = (value) => plain(value, 2);
export const signed = (value) => plain(value, 2, true);
export const signedCell = (value) => (signed(value) === "+0.00" ? NONE : signed(value));
export const whole = (value) => plain(value, 0);
export const wholeSigned = (value) => plain(value, 0, true);
export const spread = (value) => plain(value, 2, true);
export const gap = (value) => (numberOf(value) === null ? NONE : plain(Math.abs(Number(value)), 2));
export const pp = (value) => withUnit(spread(value), ` ${say("pp")}`);
export const distance = (value) => withUnit(gap(value), ` ${say("pp")}`);
export const pct = (value) => withUnit(plain(value, 2), `${THIN}%`);
export const pctSigned = (value) => withUnit(plain(value, 2, true), `${THIN}%`);
export const pctAbs = (value) => withUnit(gap(value), `${THIN}%`);
export const funding = (value) => withUnit(plain(value, 4, true), `${THIN}%`);

/** `digits`: decimals; without it as many as show five significant figures. */
export function price(value, digits) {
  const number = numberOf(value);
  if (number === null) return NONE;
  return plain(number, digits ?? priceDigits(number));
}

export function priceDigits(number) {
  if (number === 0) return 2;
  return Math.min(10, Math.max(2, PRICE_DIGITS - 1 - Math.floor(Math.log10(Math.abs(number)))));
}

export const amount = (value) => {
  const text = plain(value, 8);
  return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
};

/** Of coins that were earned or lost: eight decimals of less than a coin, fewer of many. */
export function signedAmount(value) {
  const number = numberOf(value);
  if (number === null) return NONE;
  const whole = number === 0 ? 1 : Math.max(Math.floor(Math.log10(Math.abs(number))) + 1, 0);
  return plain(number, Math.max(2, 8 - whole), true);
}

/** CSS class of a profit or loss as it is rounded. */
export function tone(value) {
  const text = signed(value);
  if (text === NONE || text === "+0.00") return "";
  return text.startsWith(MINUS) ? "neg" : "pos";
}

const two = (number) => String(number).padStart(2, "0");

export function duration(seconds) {
  const value = numberOf(seconds);
  if (value === null) return NONE;
  if (value < 60) return say("s", { s: Math.max(0, value).toFixed(1) });
  const minutes = Math.floor(value / 60);
  if (minutes < 60) return say("ms", { m: minutes, s: two(Math.floor(value) % 60) });
  if (minutes < 1440) return say("hm", { h: Math.floor(minutes / 60), m: two(minutes % 60) });
  return say("dh", { d: Math.floor(minutes / 1440), h: Math.floor(minutes / 60) % 24 });
}

export function since(date, now = Date.now()) {
  const seconds = Math.max(0, Math.floor((now - new Date(date).getTime()) / 1000));
  if (seconds < 60) return say("s_ago", { n: seconds });
  if (seconds < 3600) return say("min_ago", { n: Math.floor(seconds / 60) });
  if (seconds < 86400) return say("h_ago", { n: Math.floor(seconds / 3600) });
  return say("d_ago", { n: Math.floor(seconds / 86400) });
}

const isChinese = language.toLowerCase().startsWith("zh");
const clock = new Intl.DateTimeFormat("en-GB", {
  timeZone, year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const monthName = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", month: "short" });

/** The parts of a moment in the user's zone, as numbers. */
export function partsOf(date) {
  const parts = Object.fromEntries(clock.formatToParts(new Date(date)).map(({ type, value }) => [type, value]));
  return { ...parts, monthName: monthName.format(Date.UTC(2000, Number(parts.month) - 1, 15)).slice(0, 3) };
}

export function day(date) {
  const p = partsOf(date);
  return isChinese ? `${Number(p.month)}月${Number(p.day)}日` : `${Number(p.day)} ${p.monthName}`;
}

export function time(date) {
  const p = partsOf(date);
  return `${p.hour}:${p.minute}`;
}

/** `4 Feb 02:40`, with the year when it is not this one. */
export function when(date) {
  const p = partsOf(date);
  const year = p.year === partsOf(Date.now()).year ? "" : isChinese ? `${p.year}年` : ` ${p.year}`;
  return isChinese ? `${year}${day(date)} ${time(date)}` : `${day(date)}${year} ${time(date)}`;
}

export function exact(date) {
  const p = partsOf(date);
  return `${p.year}-${two(p.month)}-${two(p.day)} ${p.hour}:${p.minute}:${p.second} ${timeZone}`;
}

/** By the names that `{% num %}` writes into data-kind. */
export const kinds = {
  money, signed, whole, spread, pct, price, amount, duration,
  signed_cell: signedCell,
  signed_amount: signedAmount,
  whole_signed: wholeSigned,
  distance: gap,
  pct_signed: pctSigned,
  pct_abs: pctAbs,
  count: whole,
  funding,
};
