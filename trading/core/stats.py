"""What a back-test's result comes to. Every ratio is None where its formula has no answer.

Each figure has its formula and source in `docs/statistics.md`. Equity is in quote currency and starts at 0; whatever is
relative is relative to `capital` plus that equity. Returns are those of UTC days, a year has 365 of them.
"""

from dataclasses import dataclass

import numpy as np

from trading.core.backtest import BacktestResult
from trading.core.candles import Tape
from trading.core.fills import Costs, market_costs
from trading.core.stats_curve import DAY_MS, curve, daily_returns
from trading.core.stats_cycles import (
    Cycles,
    cycles_of,
    durations,
    levels_used,
    slippage_paid,
    worst_adverse_spread,
)
from trading.core.stats_ratios import cagr_pct, calmar, mean, profit_factor, sharpe, sortino, system_quality_number
from trading.core.types import Config


@dataclass(frozen=True, slots=True)
class Stats:
    """Money in quote currency; `_pct` in percent; durations in ms; spreads in percentage points.

    `cycle` figures are those of closed cycles, fees and funding included.
    """

    net_profit: float
    gross_profit: float
    gross_loss: float
    fees: float
    funding: float
    slippage: float | None
    trades: int
    cycles: int
    return_pct: float
    return_on_margin_pct: float | None
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
    wins: int
    losses: int
    average_win: float | None
    average_loss: float | None
    expectancy: float | None
    sqn: float | None
    best_cycle: float | None
    worst_cycle: float | None
    average_cycle_duration: float | None
    longest_cycle_duration: int | None
    levels_used: list[int]
    """How many closed cycles went up to level 1, 2, 3 …"""
    highest_level: int
    """Of all cycles, an open one too; 0 without any."""
    worst_adverse_spread: float | None


def statistics(
    result: BacktestResult,
    capital: float,
    *,
    margin: float | None = None,
    config: Config | None = None,
    costs: Costs | None = None,
    tape: Tape | None = None,
) -> Stats:
    """`margin`: what the largest position needs, in quote currency. Slippage needs the config that the run had (and its
    costs, unless all orders were market orders), the worst adverse spread the tape too; without them they are None.

    Raises ValueError unless the capital is above 0.
    """
    # Long, but one line a figure.
    if not capital > 0:
        raise ValueError(f"the capital must be above 0, not {capital}")
    cycles = cycles_of(result)
    walked = curve(result.times, result.equity, capital)
    returns = daily_returns(walked.worth)
    growth = cagr_pct(float(result.times[-1] - result.times[0]) / DAY_MS, result.final_equity, capital)
    drawdown_pct = walked.max_drawdown_share * 100
    held, pnls = durations(result, cycles), result.pnl[cycles.closes]
    won, lost = pnls[pnls > 0], pnls[pnls < 0]
    gross_profit, gross_loss = float(won.sum()), float(lost.sum())
    return Stats(
        net_profit=result.final_equity,
        gross_profit=gross_profit,
        gross_loss=gross_loss,
        fees=result.totals.fees,
        funding=result.totals.funding,
        slippage=None if config is None else slippage_paid(result, config, costs or market_costs(config)),
        trades=len(result.t),
        cycles=len(pnls),
        return_pct=result.final_equity / capital * 100,
        return_on_margin_pct=result.final_equity / margin * 100 if margin else None,
        cagr_pct=growth,
        sharpe=sharpe(returns),
        sortino=sortino(returns),
        calmar=calmar(growth, drawdown_pct),
        max_drawdown=walked.max_drawdown,
        max_drawdown_pct=drawdown_pct,
        max_drawdown_duration=walked.longest_under_water,
        time_under_water_pct=walked.bars_under_water / result.bars * 100,
        exposure_pct=cycles.bars_held / result.bars * 100,
        profit_factor=profit_factor(gross_profit, gross_loss),
        win_rate_pct=mean(pnls > 0, 100.0),
        wins=len(won),
        losses=len(lost),
        average_win=mean(won),
        average_loss=mean(lost),
        expectancy=mean(pnls),
        sqn=system_quality_number(pnls),
        best_cycle=float(pnls.max()) if len(pnls) else None,
        worst_cycle=float(pnls.min()) if len(pnls) else None,
        average_cycle_duration=mean(held),
        longest_cycle_duration=int(held.max()) if len(held) else None,
        levels_used=levels_used(result, cycles),
        highest_level=int(np.max(result.level, initial=0)),
        worst_adverse_spread=_adverse(result, cycles, tape, config),
    )


def _adverse(result: BacktestResult, cycles: Cycles, tape: Tape | None, config: Config | None) -> float | None:
    return None if tape is None or config is None else worst_adverse_spread(result, cycles, tape, config)
