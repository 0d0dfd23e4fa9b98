"""One back-test over recorded markets, as the result that is stored and written down."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from trading.backtests.errors import BacktestRefused
from trading.backtests.parameters import Parameters
from trading.backtests.payments import Coverage, Recorded, funding_of
from trading.backtests.series import Series, length_name
from trading.backtests.setup import Progress, Setup, setup_of
from trading.backtests.strategy_faults import drift_words, leak_words
from trading.core.backtest import BacktestResult
from trading.core.candles import Aligned, Ints, Rates, Tape, align, single
from trading.core.funding import FundingRates, FundingSchedule, funding_schedule
from trading.core.lookahead import quick_check
from trading.core.stats import Stats, statistics
from trading.core.types import OPEN
from trading.strategies.beginning import drifts

HIGH_FEE = 0.01
"""No venue asks for so much of a perpetual's value."""


@dataclass(frozen=True, slots=True)
class Markets:
    """The markets, what is known of their funding, and which bars count: from `since` on, before `until` (ms).

    A strategy of one market has no `second`.
    """

    first: Series
    second: Series | None
    funding1: Recorded | None = None
    funding2: Recorded | None = None
    since: int = 0
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Funded:
    """One market's funding over the bars of a run."""

    rates: FundingRates
    coverage: Coverage


@dataclass(frozen=True)
class Run:
    """A finished back-test. `stats` and what the summary holds are computed when they are first asked for."""

    parameters: Parameters
    markets: Markets
    aligned: Aligned
    setup: Setup
    funded: tuple[Funded | None, Funded | None]
    result: BacktestResult

    @property
    def tape(self) -> Tape:
        return self.setup.tape

    @cached_property
    def stats(self) -> Stats:
        return statistics(
            self.result,
            self.parameters.full_position,
            margin=self.parameters.full_margin,
            config=self.setup.config,
            costs=self.parameters.costs(),
            tape=self.tape,
        )

    @cached_property
    def held(self) -> tuple[Ints, Ints]:
        """When positions were opened and closed, in ms; one that is still open until the last bar."""
        result = self.result
        begins, ends = result.t[result.action == OPEN], result.t[result.closes]
        return begins, np.r_[ends, np.full(len(begins) - len(ends), result.times[-1])]

    def json(self) -> dict[str, Any]:
        """All of it: times in ms UTC, money in quote currency, quantities in base units."""
        summary = self.summary()
        rows = {"trades": list(self.result.trade_rows()), "cycles": list(self.result.cycle_rows())}
        return {"strategy": summary.pop("strategy"), "bars": summary.pop("bars"), **rows, **summary}

    def summary(self) -> dict[str, Any]:
        """The same without trades, cycles and equity."""
        result, parameters = self.result, self.parameters
        return {
            "strategy": parameters.strategy.name,
            "bars": result.bars,
            "realised": result.realised,
            "final_equity": result.final_equity,
            "max_drawdown": result.max_drawdown,
            "stats": {"capital": parameters.full_position, **asdict(self.stats)},
            "open_position": _open_position(result),
            "paused_at": result.paused_at,
            "liquidated_at": result.liquidated_at,
            "margin": self._margin(),
            "refused_by_lots": result.totals.refusals.lot_step + result.totals.refusals.max_imbalance,
            "refused": result.totals.refusals._asdict(),
            "start_prices": [self.setup.config.start1, self.setup.config.start2],
            "data": self._described(),
            "funding": [funded and self._of_funding(funded) for funded in self.funded],
            "parameters": parameters.as_json(),
            "look_ahead": self.look_ahead,
            "warnings": self._warnings(),
        }

    def _margin(self) -> dict[str, Any] | None:
        found = self.parameters.margin
        return found and {
            "leverage": found.leverage,
            "mode": self.parameters.margin_mode,
            "wallet": found.capital,
            "full_position": self.parameters.full_margin,
        }

    def _of_funding(self, funded: Funded) -> dict[str, Any]:
        return funded.coverage.as_json() | {"known_pct": funded.coverage.known_pct(*self.held)}

    def _described(self) -> dict[str, Any]:
        """`before_start`, `after_end`: common bars outside the run. What is said of each market is of the time of the
        run alone; `dropped`: bars that the other market lacks."""
        common, tape = self.aligned.tape.times, self.tape.times
        first, last = int(tape[0]), int(tape[-1])
        found: dict[str, Any] = {
            "first": first,
            "last": last,
            "before_start": int(np.searchsorted(common, first)),
            "after_end": len(common) - int(np.searchsorted(common, last, side="right")),
            "market1": self.markets.first.described(first, last, len(tape)),
        }
        if self.markets.second:
            found["market2"] = self.markets.second.described(first, last, len(tape))
        return found

    @cached_property
    def look_ahead(self) -> list[str]:
        """What a strategy that is not ours seems to know of the bars to come, in words."""
        if self.parameters.is_spread:
            return []
        bound = self.parameters.strategy
        leaks = quick_check(bound, self.tape, self.setup.config)
        return [leak_words(leak) for leak in leaks] or [drift_words(drift) for drift in drifts(bound, self.tape)]

    def _warnings(self) -> list[str]:
        found = list(_high_fees(self.parameters))
        for number, funded in enumerate(self.funded, start=1):
            known = None if funded is None else funded.coverage.known_pct(*self.held)
            if known is not None and known < 100:
                sentence = _("funding of market %(number)s is known for %(share)s %% of the time in position")
                found.append(sentence % {"number": number, "share": f"{known:.0f}"})
        found += self.look_ahead
        if self.result.liquidated_at is not None:
            found.append(_("the margin ran out: the venue closed the position, and nothing was traded from then on"))
        return found


def _high_fees(parameters: Parameters) -> Iterator[str]:
    """Fees are fractions of 1: who means per cent pays a hundred times as much."""
    for name in ("taker_fee", "maker_fee"):
        fee = getattr(parameters, name)
        if fee >= HIGH_FEE:
            sentence = _(
                "%(name)s %(fee)s is %(share)s %% of every order's value; for %(fee)s %% it has to be %(meant)s"
            )
            yield sentence % {"name": name, "fee": f"{fee:g}", "share": f"{100 * fee:g}", "meant": f"{fee / 100:g}"}


def run(parameters: Parameters, markets: Markets) -> dict[str, Any]:
    """JSON-ready. Raises BacktestRefused."""
    return simulate_run(parameters, markets).json()


def simulate_run(parameters: Parameters, markets: Markets, *, on_progress: Progress | None = None) -> Run:
    """Raises BacktestRefused, and whatever `on_progress` raises."""
    aligned = aligned_bars(parameters, markets)
    bars = bars_of(aligned.tape, markets, parameters.start_time)
    times = aligned.tape.times[bars]
    funded = (
        _funded(markets.funding1, markets.first, times),
        _funded(markets.funding2, markets.second, times),
    )
    setup = setup_of(parameters, aligned.tape, _schedule(times, funded), bars=bars)
    result = setup.run(on_progress)
    if not np.isfinite(result.equity).all():
        too_large = _("prices and parameters together give figures that are too large to count")
        raise BacktestRefused([f"data: {too_large}"])
    return Run(parameters, markets, aligned, setup, funded, result)


def aligned_bars(parameters: Parameters, markets: Markets) -> Aligned:
    """Raises BacktestRefused for markets that do not fit the strategy or each other."""
    if (markets.second is None) != (parameters.markets == 1):
        sentence = _("%(name)s trades one market") if parameters.markets == 1 else _("%(name)s trades two markets")
        raise BacktestRefused([f"strategy: {sentence % {'name': parameters.strategy.name}}"])
    if markets.second is None:
        return Aligned(single(markets.first.candles), 0, 0)
    _refuse_other_lengths(markets.first, markets.second)
    aligned = align(markets.first.candles, markets.second.candles)
    if not len(aligned.tape):
        sentence = _("the two markets have no bar in common")
        raise BacktestRefused([f"data: {sentence}"])
    if not parameters.strategy.strategy.funding:
        return aligned
    tape = aligned.tape.with_funding(_known(markets.funding1), _known(markets.funding2))
    return replace(aligned, tape=tape)


def _known(recorded: Recorded | None) -> Rates | None:
    return Rates(recorded.stamps, recorded.rates) if recorded else None


def bars_of(tape: Tape, markets: Markets, start_time: int | None) -> slice:
    """The bars of a run. Raises BacktestRefused for a range without any."""
    if markets.until is not None and markets.until <= markets.since:
        sentence = _("must lie after the beginning")
        raise BacktestRefused([f"until: {sentence}"])
    last = int(tape.times[-1])
    first_bar = int(np.searchsorted(tape.times, max(markets.since, start_time or 0)))
    end_bar = len(tape) if markets.until is None else int(np.searchsorted(tape.times, markets.until))
    if first_bar == len(tape):
        name = "since" if markets.since > last else "start_time"
        sentence = _("lies after the last bar that both markets have, which opens at %(time)s UTC")
        raise BacktestRefused([f"{name}: {sentence % {'time': _moment(last)}}"])
    if end_bar <= first_bar:
        first = int(tape.times[first_bar])
        sentence = _("lies before the first bar of the run, which opens at %(time)s UTC")
        raise BacktestRefused([f"until: {sentence % {'time': _moment(first)}}"])
    return slice(first_bar, end_bar)


def _refuse_other_lengths(first: Series, second: Series) -> None:
    """Bars that open together must close together."""
    if first.length != second.length:
        sentence = _("%(one)s has bars of %(length1)s, %(two)s has bars of %(length2)s; both must be of one timeframe")
        names = {"one": first.name, "two": second.name}
        lengths = {"length1": length_name(first.length), "length2": length_name(second.length)}
        raise BacktestRefused([f"data: {sentence % (names | lengths)}"])


def _moment(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M}"


def _funded(recorded: Recorded | None, market: Series | None, times: Ints) -> Funded | None:
    return None if recorded is None or market is None else Funded(*funding_of(recorded, market, times))


def _schedule(times: Ints, funded: tuple[Funded | None, Funded | None]) -> FundingSchedule:
    one, two = (found.rates if found else None for found in funded)
    return funding_schedule(times, one, two)


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
