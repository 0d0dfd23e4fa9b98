"""What is counted about venues. Labels are bounded: venues, kinds of outcome, buckets of a venue's limits."""

import time
from datetime import datetime

from prometheus_client import Counter, Gauge, Histogram

from exchanges import metric_files as metric_files  # first: says where counts are kept

REQUEST = Histogram(
    "chainmakes_venue_request_seconds",
    "Requests to venues over REST, by what came of them",
    ["venue", "outcome"],
    buckets=(0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0),
)
WEIGHT = Counter("chainmakes_venue_weight", "Request weight spent of a venue's limits", ["venue", "bucket"])
BUDGET_REFUSED = Counter(
    "chainmakes_venue_budget_refused", "Requests not sent because the venue's limit was near", ["venue"]
)
CLOCK_OFFSET = Gauge(
    "chainmakes_venue_clock_offset_seconds",
    "How far the venue's clock is ahead of ours, as last measured",
    ["venue"],
    multiprocess_mode="mostrecent",
)
PING = Gauge(
    "chainmakes_venue_ping_seconds",
    "Round trip of the last question for the venue's time",
    ["venue"],
    multiprocess_mode="mostrecent",
)
QUOTE_AGE = Histogram(
    "chainmakes_quote_age_seconds",
    "Age, by the venue's clock, of the quotes that bots looked at",
    ["venue"],
    buckets=(0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0),
)


def venue_asked(venue: str, outcome: str, began: float) -> None:
    """`began`: monotonic seconds."""
    REQUEST.labels(venue, outcome).observe(time.monotonic() - began)


def outcome_of(status: int) -> str:
    """`429` and `418` by themselves, else the class of the status: `2xx`."""
    return str(status) if status in (418, 429) else f"{status // 100}xx"


def clock_measured(venue: str, offset_ms: float, round_trip_s: float) -> None:
    CLOCK_OFFSET.labels(venue).set(offset_ms / 1000)
    PING.labels(venue).set(round_trip_s)


def quote_used(venue: str, at: datetime, now: datetime) -> None:
    QUOTE_AGE.labels(venue).observe(max((now - at).total_seconds(), 0.0))
