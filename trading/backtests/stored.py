"""Trades and equity of a finished run as they lie in the database: Parquet, read only where they are asked for.

Equity keeps the steps between bars instead of their times: equal steps take no room.
"""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any, Final, NamedTuple, overload

import numpy as np
import polars as pl
import psycopg
from django.db import connection
from django.db.models import Func, IntegerField

from trading.core.backtest import BacktestResult
from trading.core.candles import Floats, Ints
from trading.core.types import ACTION_NAMES
from trading.models import Backtest, BacktestSeries

Row = dict[str, Any]

TRADE_COLUMNS: Final = ("t", "action", "level", "side", "spread", "q1", "p1", "q2", "p2", "fees", "pnl", "funding")
CODEC: Final = "lz4"  # of what Polars offers it writes a year of minutes fastest


def trade_table(result: BacktestResult) -> pl.DataFrame:
    """One row a trade, `cycle` from 1; `pnl` and `funding` only where a cycle was closed."""
    closes = result.closes
    columns = {name: getattr(result, name) for name in TRADE_COLUMNS}
    cycle = np.cumsum(np.r_[0, closes[:-1]]) + 1 if len(closes) else np.empty(0, np.int64)
    closing = [pl.when(pl.col("closes")).then(pl.col(name)).alias(name) for name in ("pnl", "funding")]
    frame = pl.DataFrame(columns | {"cycle": cycle, "closes": closes})
    return frame.with_columns(closing).drop("closes")


class Packed(NamedTuple):
    trades: bytes
    equity: bytes


def packed(result: BacktestResult) -> Packed:
    equity = pl.DataFrame({"step": np.diff(result.times, prepend=0), "equity": result.equity})
    return Packed(_packed(trade_table(result)), _packed(equity))


def save(backtest: Backtest, series: Packed) -> None:
    """In binary, which the ORM has no way for: as text a year of minutes would take five times as long."""
    table = BacktestSeries._meta.db_table
    with connection.cursor() as cursor, psycopg.Cursor(cursor.connection) as binary:
        values = f"INSERT INTO {table} (backtest_id, trades, equity) VALUES (%s, %b, %b)"  # a table of ours  # nosec B608
        binary.execute(values, (backtest.pk, *series))


def trade_frame(backtest: Backtest) -> pl.DataFrame:
    """As `trade_table` made it; without rows for a run that has no result."""
    packed = BacktestSeries.objects.filter(backtest=backtest).values_list("trades", flat=True).first()
    return pl.DataFrame(schema=dict.fromkeys(TRADE_COLUMNS)) if packed is None else pl.read_parquet(BytesIO(packed))


def narrowed(trades: pl.DataFrame, *, action: str = "", cycle: int = 0, ordering: str = "t") -> pl.DataFrame:
    if action:
        trades = trades.filter(pl.col("action") == ACTION_NAMES.index(action))
    if cycle:
        trades = trades.filter(pl.col("cycle") == cycle)
    return trades.reverse() if ordering == "-t" else trades


class Rows(Sequence[Row]):
    """For pages: only the rows that are asked for are made."""

    def __init__(self, length: int, make: Callable[[slice], list[Row]]) -> None:
        self._length, self._make = length, make

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, part: int) -> Row: ...
    @overload
    def __getitem__(self, part: slice) -> list[Row]: ...
    def __getitem__(self, part: int | slice) -> Row | list[Row]:
        if isinstance(part, slice):
            return self._make(part)
        return self._make(slice(part, part + 1 or None))[0]


def trade_rows(trades: pl.DataFrame) -> Rows:
    return Rows(len(trades), lambda part: rows_of(trades[part]))


def equity_rows(times: Ints, equity: Floats) -> Rows:
    def made(part: slice) -> list[Row]:
        pairs = zip(times[part].tolist(), equity[part].tolist(), strict=True)
        return [{"t": time, "equity": worth} for time, worth in pairs]

    return Rows(len(times), made)


def trades_of(backtest: Backtest) -> list[Row]:
    """Rows of R.json, and the `cycle` of each."""
    return rows_of(trade_frame(backtest))


def rows_of(trades: pl.DataFrame) -> list[Row]:
    return [_row(row) for row in trades.iter_rows(named=True)]


def equity_of(backtest: Backtest) -> tuple[Ints, Floats]:
    """Open times in ms and equity after each bar; empty for a run that has no result."""
    packed = BacktestSeries.objects.filter(backtest=backtest).values_list("equity", flat=True).first()
    if packed is None:
        return np.empty(0, np.int64), np.empty(0)
    frame = pl.read_parquet(BytesIO(packed))
    return np.cumsum(frame["step"].to_numpy()), frame["equity"].to_numpy()


def size_of(backtest: Backtest) -> int:
    """Bytes that trades and equity take."""
    found = BacktestSeries.objects.filter(backtest=backtest).values_list(_length("trades") + _length("equity"))
    return int(next(iter(found), [0])[0])


def _row(row: Row) -> Row:
    row["action"] = ACTION_NAMES[row["action"]]
    if row["pnl"] is None:
        del row["pnl"], row["funding"]
    return row


def _packed(frame: pl.DataFrame) -> bytes:
    target = BytesIO()
    frame.write_parquet(target, compression=CODEC, statistics=False)
    return target.getvalue()


def _length(column: str) -> Func:
    return Func(column, function="octet_length", output_field=IntegerField())
