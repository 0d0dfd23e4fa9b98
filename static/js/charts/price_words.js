/** The words of a lone market's chart: where a pair has percentage points since the start, it has prices. */

const THIN = "\u2009";

/** `start()` gives the price at the bot's start; `currency` is that of the prices. */
export function pricedWords(words, start, currency) {
  const priceAt = (percent) => start() * (1 + percent / 100);
  const level = (percent) => words.price(priceAt(percent), 1);
  return {
    ...words,
    level,
    levelUnit: currency,
    isPriced: true,
    levelNamed: (percent) => words.say("price_value", { price: level(percent) }),
    apart: (percent, now) => `${words.number(Math.abs(priceAt(percent) / priceAt(now) - 1) * 100)}${THIN}%`,
  };
}
