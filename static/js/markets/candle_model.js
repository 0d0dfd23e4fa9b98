/** Candles by opening time, oldest first: `[at, open, high, low, close, volume]`, numbers. */

const NAMES = ["open", "high", "low", "close", "volume"];

export class CandleModel {
  /** `rows` as the page embeds them: texts. */
  constructor(rows = []) {
    this.rows = rows.map((row) => row.map(Number));
  }

  get isEmpty() {
    return this.rows.length === 0;
  }

  /** Candles as API and socket tell them. Later news of the same candle replace it; says how many came before. */
  merge(candles) {
    const byTime = new Map(this.rows.map((row) => [row[0], row]));
    const first = this.rows[0]?.[0] ?? Infinity;
    let earlier = 0;
    for (const candle of candles) {
      const at = Date.parse(candle.at);
      if (at < first) earlier += 1;
      byTime.set(at, [at, ...NAMES.map((name) => Number(candle[name]))]);
    }
    this.rows = [...byTime.values()].sort((a, b) => a[0] - b[0]);
    return earlier;
  }
}
