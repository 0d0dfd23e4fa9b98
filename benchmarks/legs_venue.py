"""A venue in a process of its own, with its sockets and the collector that listens to them; talks in lines.

`python -m benchmarks.legs_venue EXCHANGE`, with the database and the Redis names of the benchmark in the environment.
It says its addresses. `move BASE PRICE` sets a price and pushes it; `seen` tells what it was asked since the last time:
the orders' arrivals (monotonic seconds) and every request before the first of them.
"""

import json
import sys
from contextlib import ExitStack
from decimal import Decimal

# isort: split
from benchmarks.installation import Settings

# isort: split
from django.conf import settings

from exchanges.tests.streaming import Venue, collecting, streaming


def main() -> None:
    with ExitStack() as stack:
        venue = stack.enter_context(streaming(sys.argv[1], Settings(stack)))
        venue.ws.talk()
        stack.enter_context(collecting(venue.exchange, nudge=lambda bot_ids: None))
        _say({"rest": venue.rest.url, "ws": venue.ws.url, "prefix": settings.REDIS_PREFIX})
        for line in sys.stdin:
            _say(_done(venue, *line.split()))


def _done(venue: Venue, word: str, *more: str) -> object:
    if word == "move":
        base, price = more
        venue.rest.market.move(base, Decimal(price))
        venue.ws.say(venue.ws.quote_topic(base), venue.ws.quote(base))
        return {}
    server = venue.rest
    requests, server.requests[:] = list(server.requests), []
    sent = sorted(r.arrived for r in requests if r.method == "POST" and server.order_path in r.path)
    return {"orders": sent, "before": [r.path for r in requests if not sent or r.arrived < sent[0]]}


def _say(told: object) -> None:
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
