"""Two swaps whose funding differs: short the one that is paid for, long the other, for as long as it pays."""

from typing import Annotated, NamedTuple

import numpy as np

from trading.core.candles import Ints, Rates
from trading.strategies import (
    FLAT,
    NONE,
    SIGNAL,
    STOP_LOSS,
    Config,
    Decision,
    Floats,
    Overlay,
    Param,
    Quote,
    State,
    Strategy,
    Tape,
    compiled,
    open_if_allowed,
    spread_of,
    stop_loss_reached,
)
from trading.strategies.indicators import rounded

DAY_MS = 86_400_000
YEAR_DAYS = 365
LATE_MS = 60_000
"""Venues stamp a payment some milliseconds late."""


class FundingCarry(Strategy):
    name = "funding_carry"
    title = "Funding carry of two swaps"
    help = (
        "Compares what both markets' funding paid over the last days, by the year. Opens where they differ much: "
        "short the market whose longs pay more, long the other. Without recorded funding it does nothing."
    )
    funding = True
    features = ("carry",)
    reads = ()

    class Parameters(NamedTuple):
        days: Annotated[float, Param("Over the last", unit="days", low=0.25, high=90, help="Of payments.")] = 3.0
        entry: Annotated[float, Param("Opens from", unit="% a year", above=0, high=10_000)] = 15.0
        exit: Annotated[
            float, Param("Closes below", unit="% a year", low=-10_000, high=10_000, help="What it still brings.")
        ] = 5.0
        stop: Annotated[
            float, Param("Stops at", unit="pp", low=0, high=1_000, help="Spread against it since the opening; 0: none.")
        ] = 5.0

    @staticmethod
    def prepare(params: Parameters, tape: Tape) -> Floats:
        return _carry(params, tape).reshape(-1, 1)

    @staticmethod
    def overlays(params: Parameters, tape: Tape) -> dict[str, Overlay]:
        return {"carry, % a year": Overlay(_carry(params, tape))}

    @staticmethod
    @compiled
    def decide(params: Parameters, config: Config, state: State, quote: Quote, features: Floats) -> Decision:
        carry, spread = features[0], spread_of(config, quote)
        if state.side == FLAT:
            if not abs(carry) >= params.entry:
                return Decision(NONE, FLAT, spread)
            return open_if_allowed(config, state, 1 if carry > 0.0 else -1, spread, 2)
        against = -state.side * (spread - state.first_spread)
        if stop_loss_reached(config, state, quote) or (params.stop > 0.0 and against >= params.stop):
            return Decision(STOP_LOSS, state.side, spread)
        return Decision(SIGNAL if state.side * carry < params.exit else NONE, state.side, spread)


def _carry(params: FundingCarry.Parameters, tape: Tape) -> Floats:
    """Percent a year that long market 1 and short market 2 received; a payment counts from the bar that opens at it."""
    one, two = tape.funding
    if one is None or two is None:
        return np.full(len(tape), np.nan)
    span = int(params.days * DAY_MS)
    received = _paid(two, tape.times, span) - _paid(one, tape.times, span)
    return rounded(received / params.days * YEAR_DAYS * 100.0)


def _paid(known: Rates, times: Ints, span: int) -> Floats:
    """The sum of a market's rates within the time before each bar; not a number where that is not known so far back."""
    sums = np.r_[0.0, np.cumsum(known.rates)]
    ends = np.searchsorted(known.stamps, times, side="right")
    begins = np.searchsorted(known.stamps, times - span, side="right")
    known_since = known.stamps[0] - LATE_MS if len(known.stamps) else np.iinfo(np.int64).max
    return np.asarray(np.where(times - span >= known_since, sums[ends] - sums[begins], np.nan))
