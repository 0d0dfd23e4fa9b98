/** What the charts write: figures as everywhere on the pages, and the charts' own translated templates. */

import { amount, day, duration, plain, price, time, timeZone } from "../format.js";

/**
 * `strings`: templates with `%(name)s` places; `digits`: decimals of each leg's price, or null for five figures.
 * The upper chart's values are percentage points, of a spread or since the start: `level` and `apart` write them.
 */
export function wording(strings, digits = [null, null]) {
  const say = (key, values = {}) => strings[key].replace(/%\((\w+)\)s/g, (whole, name) => values[name] ?? whole);
  const signed = (value, places = 2) => plain(value, places, true);
  return {
    say,
    timeZone,
    amount,
    day,
    hour: time,
    zone: zoneName(),
    number: (value, places = 2) => plain(value, places),
    signed,
    level: (value) => signed(value),
    levelUnit: say("pp"),
    isPriced: false,
    levelNamed: (value) => say("spread_value", { spread: signed(value) }),
    apart: (value, now) => plain(Math.abs(value - now), 2),
    price: (value, leg) => price(value, digits[leg - 1] ?? undefined),
    moment: (at) => `${day(at)} ${time(at)}`,
    duration: (ms) => duration(ms / 1000),
  };
}

/** `UTC`, or the zone's distance from it, as `UTC+8`. */
function zoneName() {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZone, timeZoneName: "shortOffset" }).formatToParts(Date.now());
  return parts.find((part) => part.type === "timeZoneName").value.replace("GMT", "UTC").replace(/\+0$/, "");
}
