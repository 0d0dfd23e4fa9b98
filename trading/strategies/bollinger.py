"""Bollinger bands on one market: against a close outside them, back to the middle."""

from typing import Annotated, NamedTuple

from trading.strategies import (
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
from trading.strategies.shapes import back_to_centre


class Bollinger(Strategy):
    name = "bollinger"
    title = "Bollinger bands, back to the middle"
    help = "Buys below the lower band, sells above the upper one, closes at the moving average."
    markets = 1
    features = ("distance",)
    levels = 3
    reads = ()

    class Parameters(NamedTuple):
        window: Annotated[int, Param("Window", unit="bars", low=2, high=5_000, help="Of mean and deviation.")] = 20
        width: Annotated[float, Param("Width", unit="σ", above=0, high=20, help="Of the bands: opens outside.")] = 2.0
        step: Annotated[
            float, Param("Adds every", unit="σ", low=0, high=20, help="Further distance of each later order; 0: never.")
        ] = 0.0
        exit: Annotated[
            float, Param("Exit", unit="σ", low=-10, high=20, help="Distance from the middle at which it closes.")
        ] = 0.0
        stop: Annotated[float, Param("Stops at", unit="σ", low=0, high=50, help="Distance that stops; 0: none.")] = 0.0

    @staticmethod
    def warmup(params: Parameters) -> int:
        return params.window

    @staticmethod
    def prepare(params: Parameters, tape: Tape) -> Floats:
        return indicators.rounded(indicators.rolling_z_score(tape.closes1, params.window)).reshape(-1, 1)

    @staticmethod
    def overlays(params: Parameters, tape: Tape) -> dict[str, Overlay]:
        bands = indicators.bollinger(tape.closes1, params.window, params.width)
        return {name: Overlay(band, "price") for name, band in zip(("lower", "middle", "upper"), bands, strict=True)}

    @staticmethod
    @compiled
    def decide(params: Parameters, config: Config, state: State, quote: Quote, features: Floats) -> Decision:
        return back_to_centre(config, state, quote, features[0], params.width, params.step, params.exit, params.stop, 1)
