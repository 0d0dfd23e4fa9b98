/** One channel of a market's socket. While the exchange does not answer the reader hears so, also before any content. */

import { Feed } from "../socket.js";

export class MarketFeed extends Feed {
  take(frame) {
    if (frame.type !== "unavailable") super.take(frame);
    else this.onLost?.();
  }
}

/** `path`: of the market; `query`: encoded. `onContent(data, isWhole)`. */
export function follow(market, channel, { onContent, onLost, timeframe = "" }) {
  const length = timeframe ? `&timeframe=${timeframe}` : "";
  const path = `/api/v1/ws/market/${market.exchange}/${market.path}?channel=${channel}&${market.query}${length}`;
  const feed = new MarketFeed(path, {
    onSnapshot: (data) => onContent(data, true),
    onFrame: (frame) => onContent(frame.data, false),
  });
  feed.onLost = onLost;
  return feed;
}
