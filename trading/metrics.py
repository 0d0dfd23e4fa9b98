"""What is counted about looks, orders and legs. Labels are bounded: venues, purposes, outcomes."""

from datetime import datetime

from prometheus_client import Counter, Histogram

from exchanges import metric_files as metric_files  # first: says where counts are kept

LATENESS = Histogram(
    "chainmakes_tick_lateness_seconds",
    "From when looks at bots were due until they began",
    buckets=(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
LOOKS = Counter("chainmakes_bot_looks", "Looks at bots, one for each bot and time", ["outcome"])
ORDERS = Counter("chainmakes_orders_sent", "Orders by what the venue said to them", ["venue", "purpose", "outcome"])
NAKED = Histogram(
    "chainmakes_naked_seconds",
    "From the first fill of one leg until both were even, of each trade of a pair",
    buckets=(0.0, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0),
)


def looks_began(bots: int, due_at: float, now: datetime) -> None:
    """`due_at`: UNIX seconds."""
    LATENESS.observe(max(now.timestamp() - due_at, 0.0))
    LOOKS.labels("done").inc(bots)


def looks_missed(bots: int) -> None:
    LOOKS.labels("late").inc(bots)


def order_answered(venue: str, purpose: str, status: str | None) -> None:
    """`status` None: the venue's report was booked."""
    ORDERS.labels(venue, purpose, status or "accepted").inc()


def trade_settled(naked_ms: int) -> None:
    NAKED.observe(naked_ms / 1000)
