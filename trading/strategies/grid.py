"""A grid around the moving average of one market: one more order at every line away from it, closed on the way back."""

from typing import Annotated, NamedTuple

import numpy as np

from trading.strategies import Config, Decision, Floats, Overlay, Param, Quote, State, Strategy, Tape, compiled
from trading.strategies.indicators import moving_average, rounded
from trading.strategies.shapes import back_to_centre

DRAWN = 3
"""Lines on each side of the centre that are drawn."""


class Grid(Strategy):
    name = "grid"
    title = "Grid around the average"
    help = (
        "Lines at equal distances from the moving average: below it every line buys, above it every line sells. "
        "The position is closed as a whole, as many lines from the average as `exit` says."
    )
    markets = 1
    features = ("lines",)
    levels = 5
    reads = ()

    class Parameters(NamedTuple):
        window: Annotated[int, Param("Average over", unit="bars", low=2, high=5_000)] = 100
        step: Annotated[float, Param("Between lines", unit="%", above=0, high=50)] = 1.0
        exit: Annotated[
            float, Param("Closes at", unit="lines", low=-20, high=20, help="Distance from the average; 0: at it.")
        ] = 0.0
        stop: Annotated[
            float, Param("Stops at", unit="lines", low=0, high=200, help="Distance from the average; 0: no stop.")
        ] = 10.0

    @staticmethod
    def warmup(params: Parameters) -> int:
        return params.window

    @staticmethod
    def prepare(params: Parameters, tape: Tape) -> Floats:
        centre = moving_average(tape.closes1, params.window)
        return rounded((tape.closes1 / centre - 1.0) * 100.0 / params.step).reshape(-1, 1)

    @staticmethod
    def overlays(params: Parameters, tape: Tape) -> dict[str, Overlay]:
        centre = moving_average(tape.closes1, params.window)
        lines = {
            f"line {n:+d}": np.asarray(centre * (1 + n * params.step / 100)) for n in range(-DRAWN, DRAWN + 1) if n
        }
        return {name: Overlay(line, "price") for name, line in ({"average": centre} | lines).items()}

    @staticmethod
    @compiled
    def decide(params: Parameters, config: Config, state: State, quote: Quote, features: Floats) -> Decision:
        return back_to_centre(config, state, quote, features[0], 1.0, 1.0, params.exit, params.stop, 1)
