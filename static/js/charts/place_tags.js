/** Where the tags of a gutter go: as near to their wish as they can without touching each other or leaving the bounds. */

/**
 * `wishes`: centres in pixels; `weights`: how hard each insists; `pitch`: least distance of two centres.
 * Returns the centres in the order given. Pool-adjacent-violators on the wishes less their rank times the pitch.
 */
export function placeTags(wishes, weights, pitch, top, bottom) {
  const order = wishes.map((_, index) => index).sort((a, b) => wishes[a] - wishes[b] || a - b);
  const pools = [];
  order.forEach((index, rank) => {
    pools.push({ sum: (wishes[index] - rank * pitch) * weights[index], weight: weights[index], size: 1 });
    while (pools.length > 1 && mean(pools.at(-2)) > mean(pools.at(-1))) merge(pools);
  });
  const last = bottom - (wishes.length - 1) * pitch;
  const levels = pools.flatMap((pool) => Array(pool.size).fill(Math.max(top, Math.min(mean(pool), last))));
  const places = Array(wishes.length);
  order.forEach((index, rank) => {
    places[index] = levels[rank] + rank * pitch;
  });
  return places;
}

function mean(pool) {
  return pool.sum / pool.weight;
}

function merge(pools) {
  const right = pools.pop();
  const left = pools.at(-1);
  left.sum += right.sum;
  left.weight += right.weight;
  left.size += right.size;
}
