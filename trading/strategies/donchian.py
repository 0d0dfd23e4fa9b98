"""Donchian's channel on one market: with a close beyond the highest high or lowest low of the bars before."""

from typing import Annotated, NamedTuple

import numpy as np

from trading.strategies import (
    FLAT,
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
    indicators,
)
from trading.strategies.shapes import follow


class Donchian(Strategy):
    name = "donchian"
    title = "Donchian break-out"
    help = "Follows a close beyond the channel of the last bars, leaves on a close beyond a shorter channel against it."
    markets = 1
    features = ("entry_low", "entry_high", "exit_low", "exit_high")
    reads = ()

    class Parameters(NamedTuple):
        entry: Annotated[int, Param("Entry channel", unit="bars", low=2, high=5_000)] = 55
        exit: Annotated[int, Param("Exit channel", unit="bars", low=2, high=5_000)] = 20

    @staticmethod
    def warmup(params: Parameters) -> int:
        return max(params.entry, params.exit) + 1

    @staticmethod
    def prepare(params: Parameters, tape: Tape) -> Floats:
        entry, leave = indicators.donchian(tape, params.entry), indicators.donchian(tape, params.exit)
        return np.column_stack([entry.lower, entry.upper, leave.lower, leave.upper])

    @staticmethod
    def overlays(params: Parameters, tape: Tape) -> dict[str, Overlay]:
        lines = Donchian.prepare(params, tape).T
        names = ("entry low", "entry high", "exit low", "exit high")
        return {name: Overlay(np.ascontiguousarray(line), "price") for name, line in zip(names, lines, strict=True)}

    @staticmethod
    @compiled
    def decide(params: Parameters, config: Config, state: State, quote: Quote, features: Floats) -> Decision:
        enter = FLAT
        if quote.p1 > features[1]:
            enter = 1
        elif quote.p1 < features[0]:
            enter = -1
        leave = quote.p1 < features[2] if state.side > 0 else quote.p1 > features[3]
        return follow(config, state, quote, enter, leave, 1)
