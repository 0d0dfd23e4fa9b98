"""Wilder's relative strength index on one market: buys what was sold too fast, sells what was bought too fast."""

from typing import Annotated, NamedTuple

import numpy as np

from trading.strategies import FLAT, Config, Decision, Floats, Overlay, Param, Quote, State, Strategy, Tape, compiled
from trading.strategies.indicators import SETTLED, relative_strength, rounded
from trading.strategies.shapes import follow


class Rsi(Strategy):
    name = "rsi"
    title = "Relative strength index"
    help = "Buys when the index falls to the lower bound, sells when it rises to the upper one, closes in the middle."
    markets = 1
    features = ("rsi",)
    reads = ()

    class Parameters(NamedTuple):
        window: Annotated[int, Param("Window", unit="bars", low=2, high=1_000)] = 14
        lower: Annotated[float, Param("Buys at", low=0, high=100, help="And below.")] = 30.0
        upper: Annotated[float, Param("Sells at", low=0, high=100, help="And above.")] = 70.0
        exit: Annotated[float, Param("Closes at", low=0, high=100, help="A long from below, a short from above.")] = (
            50.0
        )

    @staticmethod
    def warmup(params: Parameters) -> int:
        return params.window * SETTLED + 1

    @staticmethod
    def prepare(params: Parameters, tape: Tape) -> Floats:
        return rounded(relative_strength(tape.closes1, params.window)).reshape(-1, 1)

    @staticmethod
    def overlays(params: Parameters, tape: Tape) -> dict[str, Overlay]:
        bounds = {"buys at": params.lower, "sells at": params.upper, "closes at": params.exit}
        lines = {name: Overlay(np.full(len(tape), bound)) for name, bound in bounds.items()}
        return {"RSI": Overlay(relative_strength(tape.closes1, params.window))} | lines

    @staticmethod
    @compiled
    def decide(params: Parameters, config: Config, state: State, quote: Quote, features: Floats) -> Decision:
        index = features[0]
        enter = FLAT
        if index <= params.lower and index < params.exit:
            enter = 1
        elif index >= params.upper and index > params.exit:
            enter = -1
        return follow(config, state, quote, enter, state.side * (index - params.exit) >= 0.0, 1)
