"""One back-test of the spread strategy over two recorded markets, as the result that is written down."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from trading.backtests.errors import BacktestRefused
from trading.backtests.parameters import Parameters
from trading.backtests.payments import Coverage, Recorded, funding_of
from trading.backtests.series import Series, length_name
from trading.core.backtest import BacktestResult, run_backtest
from trading.core.candles import Aligned, Tape, align
from trading.core.funding import FundingRates, FundingSchedule, funding_schedule
from trading.core.stats import statistics

Funded = tuple[FundingRates, Coverage] | None


@dataclass(frozen=True, slots=True)
class Markets:
    """Two markets, what is known of their funding, and from when on the series count (ms)."""

    first: Series
    second: Series
    funding1: Recorded | None = None
    funding2: Recorded | None = None
    since: int = 0


def run(parameters: Parameters, markets: Markets) -> dict[str, Any]:
    """JSON-ready: times in ms UTC, money in quote currency, quantities in base units. Raises BacktestRefused."""
    aligned = align(markets.first.candles, markets.second.candles)
    tape = _tape(aligned, max(markets.since, parameters.start_time or 0))
    funded1 = _funded(markets.funding1, markets.first, tape)
    funded2 = _funded(markets.funding2, markets.second, tape)
    schedule = funding_schedule(tape.times, funded1 and funded1[0], funded2 and funded2[0])
    result = _result(parameters, tape, schedule)
    return {
        "strategy": "spread",
        "bars": result.bars,
        "trades": list(result.trade_rows()),
        "cycles": list(result.cycle_rows()),
        "realised": result.realised,
        "final_equity": result.final_equity,
        "max_drawdown": result.max_drawdown,
        "stats": {"capital": parameters.capital, **asdict(statistics(result, parameters.capital))},
        "open_position": _open_position(result),
        "paused_at": result.paused_at,
        "refused_by_lots": result.totals.refused,
        "start_prices": [float(tape.opens1[0]), float(tape.opens2[0])],
        "data": _described(markets, aligned, tape),
        "funding": [found and found[1].as_json() for found in (funded1, funded2)],
        "parameters": parameters.as_json(),
        "warnings": _warnings(markets),
    }


def _tape(aligned: Aligned, start: int) -> Tape:
    if not len(aligned.tape):
        raise BacktestRefused(["data: the two markets have no bar in common"])
    tape = aligned.tape.since(start)
    if not len(tape):
        last = int(aligned.tape.times[-1])
        raise BacktestRefused([f"start_time: lies after the last bar that both markets have, which opens at {last}"])
    return tape


def _funded(recorded: Recorded | None, market: Series, tape: Tape) -> Funded:
    return None if recorded is None else funding_of(recorded, market, tape.times)


def _result(parameters: Parameters, tape: Tape, schedule: FundingSchedule) -> BacktestResult:
    result = run_backtest(
        parameters.config(tape.opens1[0], tape.opens2[0]),
        tape,
        fill=parameters.fill,
        pause_after_close=parameters.pause_after_close,
        restart_after_stop_loss=parameters.restart_after_stop_loss,
        lot_step1=parameters.lot_step1,
        lot_step2=parameters.lot_step2,
        funding=schedule,
    )
    if not np.isfinite(result.equity).all():
        raise BacktestRefused(["data: prices and parameters together give figures that are too large to count"])
    return result


def _open_position(result: BacktestResult) -> dict[str, Any] | None:
    state = result.open_state
    if not state.level:
        return None
    return {
        "cycle": result.totals.cycles + 1,
        "level": state.level,
        "side": state.side,
        "q1": state.q1,
        "q2": state.q2,
        "net_pnl": result.final_equity - result.realised,
    }


def _described(markets: Markets, aligned: Aligned, tape: Tape) -> dict[str, Any]:
    """`dropped`: bars that the other market lacks; `before_start`: common bars that lie before the start."""
    return {
        "first": int(tape.times[0]),
        "last": int(tape.times[-1]),
        "before_start": len(aligned.tape) - len(tape),
        "market1": markets.first.described() | {"dropped": aligned.dropped1},
        "market2": markets.second.described() | {"dropped": aligned.dropped2},
    }


def _warnings(markets: Markets) -> list[str]:
    one, two = (length_name(series.length) for series in (markets.first, markets.second))
    if one == two:
        return []
    return [f"market 1 has bars of {one}, market 2 of {two}: bars that open together do not close together"]
