"""Two markets that belong together: against the distance of one from what the other says it should cost."""

from typing import Annotated, NamedTuple

import numpy as np

from trading.strategies import Config, Decision, Floats, Overlay, Param, Quote, State, Strategy, Tape, compiled
from trading.strategies.base import COMMON
from trading.strategies.indicators import Regression, kalman_regression, rolling_regression, rounded
from trading.strategies.shapes import back_to_centre

METHODS = ("OLS", "Kalman")
KALMAN = METHODS.index("Kalman")
LEGS = ("equal value", "hedge ratio")
HEDGED = LEGS.index("hedge ratio")
FORGOTTEN = 15
"""Windows after which a Kalman filter does not know its beginning any more."""


class ZScore(Strategy):
    name = "z_score"
    title = "Z-score of the hedged gap"
    help = (
        "Regresses the log price of market 1 on that of market 2 over a rolling window and trades the way back of the "
        "residual, measured in standard deviations. Its legs have the same value, or leg 2 has the hedge ratio's."
    )
    features = ("z_score", "hedge_ratio")
    levels = 3
    reads = tuple(name for name in COMMON if name not in ("ladder", "profit", "opening"))

    class Parameters(NamedTuple):
        method: Annotated[int, Param("Hedge ratio by", choices=METHODS, help="OLS: least squares over the window.")] = 0
        window: Annotated[
            int,
            Param("Window", unit="bars", low=20, high=5_000, help="Bars of the regression, or the filter's memory."),
        ] = 240
        entry: Annotated[float, Param("Entry", unit="σ", above=0, high=20, help="Distance that opens.")] = 2.0
        step: Annotated[
            float, Param("Adds every", unit="σ", low=0, high=20, help="Further distance of each later order; 0: never.")
        ] = 0.5
        exit: Annotated[
            float,
            Param("Exit", unit="σ", low=-10, high=20, help="Distance at which it closes; below 0: beyond the mean."),
        ] = 0.0
        stop: Annotated[
            float, Param("Regime stop", unit="σ", low=0, high=50, help="Distance that says the pair broke; 0: none.")
        ] = 4.0
        legs: Annotated[
            int,
            Param(
                "Size of the legs",
                choices=LEGS,
                help="Hedge ratio: leg 2 is worth that many times leg 1, both together as much as with equal value.",
            ),
        ] = 0

    @staticmethod
    def warmup(params: Parameters) -> int:
        return params.window * (FORGOTTEN if params.method == KALMAN else 1)

    @staticmethod
    def prepare(params: Parameters, tape: Tape) -> Floats:
        line = _regression(params, tape)
        return np.column_stack([_z_score(line), line.slope])

    @staticmethod
    def overlays(params: Parameters, tape: Tape) -> dict[str, Overlay]:
        line = _regression(params, tape)
        return {"z-score": Overlay(_z_score(line)), "hedge ratio": Overlay(line.slope)}

    @staticmethod
    def leg_ratios(params: Parameters, features: Floats) -> Floats | None:
        return features[:, 1] if params.legs == HEDGED else None

    @staticmethod
    @compiled
    def decide(params: Parameters, config: Config, state: State, quote: Quote, features: Floats) -> Decision:
        distance = features[0]
        if state.side == 0 and not features[1] > 0.0:  # no pair: they go opposite ways
            distance = 0.0
        return back_to_centre(config, state, quote, distance, params.entry, params.step, params.exit, params.stop, 2)


def _regression(params: ZScore.Parameters, tape: Tape) -> Regression:
    one, two = np.log(tape.closes1), np.log(tape.closes2)
    if params.method == KALMAN:
        return kalman_regression(two, one, params.window)
    return rolling_regression(two, one, params.window)


def _z_score(line: Regression) -> Floats:
    return rounded(
        np.divide(line.residual, line.deviation, out=np.full(len(line.residual), np.nan), where=line.deviation > 0.0)
    )
