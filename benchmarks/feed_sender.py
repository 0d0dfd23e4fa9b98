"""Publishes live figures at a steady rate: `python -m benchmarks.feed_sender BOT OWNER COUNT PER_SECOND`."""

import sys
import time
from datetime import UTC, datetime

from benchmarks.installation import PREFIX  # noqa: F401  (loads Django's apps)

# isort: split
from bots.feed import events as feed
from bots.feed.keys import bot_group

FILLER = {f"figure{number}": "1234.56789" for number in range(25)}  # about as much as a bot's figures


def main(bot: int, owner: int, count: int, per_second: int) -> None:
    feed.watch(bot_group(bot))
    started = time.time()
    for number in range(count):
        now = time.time()
        figures = {"at": datetime.fromtimestamp(now, UTC).isoformat(), "spread": 0.0, **FILLER}
        feed.publish_on_commit(bot, owner, "spread_update", figures | {"points": [[now * 1000, number, 1.0, 1.0]]})
        time.sleep(max(0.0, started + (number + 1) / per_second - time.time()))
    feed.flush(5.0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
