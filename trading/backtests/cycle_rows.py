"""The cycles of a run as its page lists them, each with its trades."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, overload

import polars as pl

from trading.backtests import stored

Trade = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LegFill:
    """`amount` above 0 was bought, below 0 sold."""

    leg: int
    amount: float
    price: float
    fee: float

    @property
    def is_buy(self) -> bool:
        return self.amount > 0

    @property
    def value(self) -> float:
        return abs(self.amount) * self.price


@dataclass(frozen=True, slots=True)
class TradeRow:
    t: int
    action: str
    level: int
    spread: float
    fees: float
    pnl: float | None
    legs: list[LegFill]


@dataclass(frozen=True, slots=True)
class CycleRow:
    """Times in ms; `closed` is None for the cycle that was open at the end, its `pnl` is then as of the last close."""

    number: int
    side: int
    opened: int
    closed: int | None
    last: int
    levels: int
    open_spread: float
    close_spread: float | None
    invested: float
    fees: float
    funding: float | None
    pnl: float
    reason: str
    trades: list[TradeRow] = field(default_factory=list)

    @property
    def held_s(self) -> float:
        return (self.last - self.opened) / 1000

    @property
    def return_pct(self) -> float | None:
        return self.pnl / self.invested * 100 if self.invested else None


class CycleRows(Sequence[CycleRow]):
    """The newest first; only those that are asked for are made. `trades` as `stored.trade_frame` gives them."""

    def __init__(self, trades: pl.DataFrame, summary: Mapping[str, Any]) -> None:
        self._trades, self._summary = trades, summary
        self._count = int(trades["cycle"][-1]) if len(trades) else 0

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> CycleRow: ...

    @overload
    def __getitem__(self, index: slice) -> list[CycleRow]: ...

    def __getitem__(self, index: int | slice) -> CycleRow | list[CycleRow]:
        if isinstance(index, int):
            return self[index : index + 1 or None][0]
        places = range(self._count)[index]
        if not places:
            return []
        numbers = self._count - places[-1], self._count - places[0]
        rows = self._trades.filter(pl.col("cycle").is_between(*numbers))
        return list(_cycles(stored.rows_of(rows), self._summary))[::-1]


def leg_fills(trade: Trade) -> list[LegFill]:
    """Both legs pay the same rate, so the fee is shared by what they are worth. A market that is not there has none."""
    values = {leg: abs(trade[f"q{leg}"]) * trade[f"p{leg}"] for leg in (1, 2)}
    total = sum(values.values())
    return [
        LegFill(leg, trade[f"q{leg}"], trade[f"p{leg}"], trade["fees"] * value / total)
        for leg, value in values.items()
        if value > 0
    ]


def _cycles(trades: Sequence[Trade], summary: Mapping[str, Any]) -> Iterator[CycleRow]:
    for number, group in groupby(trades, key=lambda trade: trade["cycle"]):
        rows = list(group)
        end = rows[-1] if "pnl" in rows[-1] else None
        entries = rows if end is None else rows[:-1]
        first = rows[0]
        yield CycleRow(
            number=number,
            side=first["side"],
            opened=first["t"],
            closed=end["t"] if end else None,
            last=end["t"] if end else summary["data"]["last"],
            levels=max(row["level"] for row in rows),
            open_spread=first["spread"],
            close_spread=end["spread"] if end else None,
            invested=sum(_notional(row) for row in entries),
            fees=sum(row["fees"] for row in rows),
            funding=end["funding"] if end else None,
            pnl=end["pnl"] if end else _open_pnl(summary),
            reason=end["action"] if end else "",
            trades=[_trade(row) for row in rows],
        )


def _trade(row: Trade) -> TradeRow:
    return TradeRow(row["t"], row["action"], row["level"], row["spread"], row["fees"], row.get("pnl"), leg_fills(row))


def _notional(row: Trade) -> float:
    """One leg's: the larger of the two, which differ by lot steps alone."""
    return max(abs(row[f"q{leg}"]) * row[f"p{leg}"] for leg in (1, 2))


def _open_pnl(summary: Mapping[str, Any]) -> float:
    position = summary.get("open_position") or {}
    return float(position.get("net_pnl", 0.0))
