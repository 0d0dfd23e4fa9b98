"""The data of a search, split once: every fold's in-sample and out-of-sample part, and runs over them."""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from trading.backtests.parameters import Parameters
from trading.backtests.payments import Recorded, funding_of
from trading.backtests.run import Markets, aligned_bars, bars_of
from trading.backtests.series import Series
from trading.backtests.setup import setup_of
from trading.core.candles import Floats, Ints, Tape
from trading.core.funding import FundingRates, FundingSchedule, funding_schedule
from trading.core.stats_curve import daily_returns
from trading.core.sweep import SweepTotals
from trading.searches.folds import folds_of

DAY_MS: Final = 86_400_000
PRICES: Final = ("opens1", "closes1", "opens2", "closes2")


@dataclass(frozen=True, slots=True)
class Part:
    """Some bars in a row of the whole `tape`; the opens of the first of them are the start prices.

    `first` and `end` are when it begins and when its last bar closes, in ms; the bars before warm features up.
    """

    tape: Tape
    bars: slice
    funding: FundingSchedule
    first: int
    end: int

    @property
    def days(self) -> float:
        return (self.end - self.first) / DAY_MS


@dataclass(frozen=True, slots=True)
class FoldParts:
    inside: Part
    outside: Part | None

    def times(self) -> dict[str, int | None]:
        """ms UTC; a part ends when its last bar closes."""
        outside = self.outside
        return {
            "in_from": self.inside.first,
            "in_until": self.inside.end,
            "out_from": outside.first if outside else None,
            "out_until": outside.end if outside else None,
        }


def fold_parts(parameters: Parameters, markets: Markets, folds: int, out_of_sample_pct: int) -> list[FoldParts]:
    """`parameters`: any that a set may have. Raises BacktestRefused and ValidationError."""
    tape = aligned_bars(parameters, markets).tape
    wanted = bars_of(tape, markets, parameters.start_time)
    tape = _writable(tape.part(slice(None, wanted.stop)))
    rates = _rates(markets.funding1, markets.first, tape.times), _rates(markets.funding2, markets.second, tape.times)
    parts = []
    for fold in folds_of(wanted.stop - wanted.start, folds, out_of_sample_pct):
        first, split, end = (wanted.start + bar for bar in (fold.first, fold.split, fold.end))
        inside = _part(tape, slice(first, split), rates, markets.first.length)
        outside = _part(tape, slice(split, end), rates, markets.first.length) if end > split else None
        parts.append(FoldParts(inside, outside))
    return parts


def part_totals(parameters: Parameters, part: Part) -> dict[str, Any]:
    """In the names of `objectives`, JSON-ready. Raises BacktestRefused."""
    totals = setup_of(parameters, part.tape, part.funding, bars=part.bars).totals()
    returns = _returns(totals, parameters.full_position)
    return {
        "trades": totals.trades,
        "cycles": totals.cycles,
        "wins": totals.wins,
        "net_profit": totals.final_equity,
        "realised": totals.realised,
        "max_drawdown": totals.max_drawdown,
        "gross_profit": totals.gross_profit,
        "gross_loss": -totals.gross_loss,
        "sum_squares": totals.sum_squares,
        "fees": totals.fees,
        "funding": totals.funding,
        "days": part.days,
        "return_sum": float(returns.sum()),
        "return_squares": float((returns * returns).sum()),
        "return_days": len(returns),
    }


def part_curve(parameters: Parameters, part: Part) -> tuple[Ints, Floats]:
    """Open times and equity of every bar."""
    result = setup_of(parameters, part.tape, part.funding, bars=part.bars).run()
    return result.times, result.equity


def _part(tape: Tape, bars: slice, rates: tuple[FundingRates | None, FundingRates | None], length: int) -> Part:
    times = tape.times[bars]
    return Part(tape, bars, funding_schedule(times, *rates), int(times[0]), int(times[-1]) + length)


def _rates(recorded: Recorded | None, market: Series | None, times: Ints) -> FundingRates | None:
    return None if recorded is None or market is None else funding_of(recorded, market, times)[0]


def _writable(tape: Tape) -> Tape:
    """As the engine was compiled for: otherwise it would copy the columns of every run."""
    columns: dict[str, Any] = {name: np.require(getattr(tape, name), np.float64, ["C", "W"]) for name in PRICES}
    return replace(tape, **columns)


def _returns(totals: SweepTotals, capital: float) -> Floats:
    return daily_returns(np.r_[capital, capital + totals.daily_equity])
