"""What a back-test's result comes to. Every ratio is None where its formula has no answer.

Equity is in quote currency and starts at 0; whatever is relative is relative to `capital` plus that equity. Returns are
those of UTC days, a year has 365 of them, the risk-free rate is 0.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trading.core.backtest import BacktestResult
from trading.core.types import OPEN

DAY_MS = 86_400_000
DAYS_A_YEAR = 365

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Stats:
    """Money in quote currency; `_pct` in percent; durations in ms."""

    net_profit: float
    gross_profit: float
    gross_loss: float
    fees: float
    funding: float
    trades: int
    cycles: int
    return_pct: float
    cagr_pct: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown: float
    max_drawdown_pct: float
    max_drawdown_duration: int
    time_under_water_pct: float
    exposure_pct: float
    profit_factor: float | None
    win_rate_pct: float | None
    expectancy: float | None
    sqn: float | None
    best_cycle: float | None
    worst_cycle: float | None
    average_cycle_duration: float | None


def statistics(result: BacktestResult, capital: float) -> Stats:
    """Raises ValueError unless the capital is above 0."""
    if not capital > 0:
        raise ValueError(f"the capital must be above 0, not {capital}")
    pnls = result.pnl[result.closes]
    returns = daily_returns(result.times, result.equity, capital)
    value, percent = drawdown(result.equity, capital)
    growth = cagr_pct(result.times, result.final_equity, capital)
    gross_profit, gross_loss = float(pnls[pnls > 0].sum()), float(pnls[pnls < 0].sum())
    durations = cycle_durations(result)
    return Stats(
        net_profit=result.final_equity,
        gross_profit=gross_profit,
        gross_loss=gross_loss,
        fees=result.totals.fees,
        funding=result.totals.funding,
        trades=len(result.t),
        cycles=len(pnls),
        return_pct=result.final_equity / capital * 100,
        cagr_pct=growth,
        sharpe=sharpe(returns),
        sortino=sortino(returns),
        calmar=None if growth is None or percent == 0 else growth / percent,
        max_drawdown=value,
        max_drawdown_pct=percent,
        max_drawdown_duration=longest_under_water(result.times, result.equity),
        time_under_water_pct=float(np.mean(_below_peak(result.equity))) * 100,
        exposure_pct=exposure_pct(result),
        profit_factor=None if gross_loss == 0 else gross_profit / -gross_loss,
        win_rate_pct=_mean(pnls > 0, 100.0),
        expectancy=_mean(pnls),
        sqn=system_quality_number(pnls),
        best_cycle=float(pnls.max()) if len(pnls) else None,
        worst_cycle=float(pnls.min()) if len(pnls) else None,
        average_cycle_duration=_mean(durations),
    )


def daily_returns(times: Ints, equity: Floats, capital: float) -> Floats:
    """Of capital + equity from one UTC day's last bar to the next one's; the first day starts from the capital.

    Empty if the capital was lost: what follows that day has no return.
    """
    days = times // DAY_MS
    last_of_day = np.flatnonzero(np.r_[days[1:] != days[:-1], True])
    worth = np.r_[capital, capital + equity[last_of_day]]
    return np.asarray(np.diff(worth) / worth[:-1]) if worth.min() > 0 else np.empty(0)


def cagr_pct(times: Ints, final_equity: float, capital: float) -> float | None:
    """((capital + profit) / capital) ** (1 / years) - 1, from the first bar to the last; None if all is lost."""
    years = float(times[-1] - times[0]) / DAY_MS / DAYS_A_YEAR
    growth = 1 + final_equity / capital
    if years == 0 or growth <= 0:
        return None
    exponent = math.log(growth) / years
    return math.expm1(exponent) * 100 if exponent < 700 else None


def sharpe(returns: Floats) -> float | None:
    """mean / sample standard deviation * sqrt(365). W. F. Sharpe, "The Sharpe Ratio", 1994."""
    deviation = float(np.std(returns, ddof=1)) if len(returns) > 1 else 0.0
    return None if deviation == 0 else float(np.mean(returns)) / deviation * math.sqrt(DAYS_A_YEAR)


def sortino(returns: Floats) -> float | None:
    """mean / sqrt(mean of squared losses, over all days) * sqrt(365), target 0. F. Sortino and L. Price, 1994."""
    downside = math.sqrt(float(np.mean(np.minimum(returns, 0.0) ** 2))) if len(returns) > 1 else 0.0
    return None if downside == 0 else float(np.mean(returns)) / downside * math.sqrt(DAYS_A_YEAR)


def system_quality_number(pnls: Floats) -> float | None:
    """sqrt(cycles) * mean / sample standard deviation of the cycles' P&L. V. Tharp's SQN, without his cap of 100."""
    deviation = float(np.std(pnls, ddof=1)) if len(pnls) > 1 else 0.0
    return None if deviation == 0 else math.sqrt(len(pnls)) * float(np.mean(pnls)) / deviation


def drawdown(equity: Floats, capital: float) -> tuple[float, float]:
    """The largest fall from a peak: in quote currency, and in percent of capital + peak. These may be two falls."""
    peaks = _peaks(equity)
    falls = peaks - equity
    return float(falls.max()), float((falls / (capital + peaks)).max()) * 100


def longest_under_water(times: Ints, equity: Floats) -> int:
    """The longest time from a peak to the bar that reaches it again, or to the end."""
    below = np.r_[False, _below_peak(equity), False]
    starts, ends = np.flatnonzero(~below[:-1] & below[1:]), np.flatnonzero(below[:-1] & ~below[1:])
    if not len(starts):
        return 0
    return int((times[np.minimum(ends, len(times) - 1)] - times[np.maximum(starts - 1, 0)]).max())


def exposure_pct(result: BacktestResult) -> float:
    """The share of bars at whose close a position was open."""
    opened = np.searchsorted(result.times, result.t[result.action == OPEN])
    closed = np.searchsorted(result.times, result.t[result.closes])
    ends = np.r_[closed, np.full(len(opened) - len(closed), result.bars)]
    return float((ends - opened).sum()) / result.bars * 100


def cycle_durations(result: BacktestResult) -> Ints:
    """From the fill that opened each closed cycle to the fill that closed it, in ms."""
    closed = result.t[result.closes]
    return np.asarray(closed - result.t[result.action == OPEN][: len(closed)])


def _peaks(equity: Floats) -> Floats:
    return np.maximum.accumulate(np.maximum(equity, 0.0))


def _below_peak(equity: Floats) -> NDArray[np.bool_]:
    return np.asarray(equity < _peaks(equity))


def _mean(values: NDArray[np.generic], factor: float = 1.0) -> float | None:
    return float(np.mean(values)) * factor if len(values) else None  # type: ignore[arg-type]
