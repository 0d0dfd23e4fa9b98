/** What the charts write: figures as everywhere on the pages, and the charts' own translated templates. */

import { amount, day, duration, plain, price, time, timeZone } from "../format.js";

/** `strings`: templates with `%(name)s` places; `digits`: decimals of each leg's price, or null for five figures. */
export function wording(strings, digits = [null, null]) {
  const say = (key, values = {}) => strings[key].replace(/%\((\w+)\)s/g, (whole, name) => values[name] ?? whole);
  return {
    say,
    timeZone,
    amount,
    day,
    hour: time,
    zone: zoneName(),
    number: (value, places = 2) => plain(value, places),
    signed: (value, places = 2) => plain(value, places, true),
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
