"""The quotes of the last 48 hours: about one row every 5 s for each market that somebody decides on.

Whoever looks at a market for a bot has its quote; `quotes_note` is the only writer. A process remembers what it has
written, and the table's key keeps other processes from writing the same step again, so that rows grow with markets and
time, not with bots.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from exchanges.models import ExchangeAccount, PaperSource
from exchanges.stream.topics import Feed
from exchanges.tape import is_stepped

STEP_S: Final = 5

Seconds = NDArray[np.int64]
Prices = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SeenPrice:
    """`at` is market time."""

    account: ExchangeAccount
    symbol: str
    at: datetime
    price: float


def source_of(account: ExchangeAccount) -> str:
    """Whose market an account trades on: a venue's, of all its accounts and those on its live quotes, or its own."""
    if not account.is_paper:
        return Feed(account.exchange, account.is_testnet).name
    return account.paper_venue if account.paper_source == PaperSource.LIVE else f"account:{account.pk}"


class QuoteLog:
    """Of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._written: dict[tuple[str, str], int] = {}

    def note(self, seen: Iterable[SeenPrice], now: datetime) -> int:
        """Writes each market whose last row is of an earlier step of real time: how many. A tape that is played as fast
        as it goes is left out: its bars are farther apart."""
        due = self._due(seen, _step(now))
        if due:
            _insert([(*market, price.at, price.price) for market, price in sorted(due.items())])
        return len(due)

    def _due(self, seen: Iterable[SeenPrice], step: int) -> dict[tuple[str, str], SeenPrice]:
        due: dict[tuple[str, str], SeenPrice] = {}
        with self._lock:
            for price in seen:
                market = source_of(price.account), price.symbol
                if self._written.get(market) == step or is_stepped(price.account):
                    continue
                self._written[market] = step
                due[market] = price
        return due


_log = QuoteLog()


def quotes_note(seen: Iterable[SeenPrice], now: datetime) -> None:
    """`now` is real time."""
    _log.note(seen, now)


def quotes_between(account: ExchangeAccount, symbol: str, begin: datetime, end: datetime) -> tuple[Seconds, Prices]:
    """Times (UNIX seconds, ascending, whole steps) and prices of what is kept of that time. Packed by the database: row
    by row they would take ten times as long."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(float8send(date_part('epoch', at)), ''::bytea), string_agg(float8send(price), ''::bytea)"
            " FROM (SELECT at, price FROM market_quotes"
            " WHERE source = %s AND symbol = %s AND at BETWEEN %s AND %s ORDER BY at) AS kept",
            [source_of(account), symbol, begin, end],
        )
        times, prices = (np.frombuffer(packed or b"", ">f8") for packed in cursor.fetchone())
    return times.astype(np.int64), prices.astype(np.float64)


def _insert(rows: list[tuple[str, str, datetime, float]]) -> None:
    """In the order of the key, so that two writers never wait for each other. What is there stays."""
    sources, symbols, times, prices = zip(*rows, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO market_quotes (source, symbol, at, price, stored_on)"
            " SELECT v.source, v.symbol, date_bin(make_interval(secs => %s), v.at, 'epoch'), v.price, CURRENT_DATE"
            " FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::float8[]) AS v (source, symbol, at, price)"
            " ON CONFLICT DO NOTHING",
            [STEP_S, list(sources), list(symbols), list(times), list(prices)],
        )


def _step(at: datetime) -> int:
    return int(at.timestamp()) // STEP_S
