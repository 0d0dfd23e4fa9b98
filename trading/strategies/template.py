"""Trades the way back of the gap between two markets, measured in its own recent standard deviations."""

from typing import Annotated, NamedTuple

import numpy as np

from trading.strategies import (
    ADD,
    FLAT,
    LONG_SPREAD,
    NONE,
    OPEN,
    SHORT_SPREAD,
    STOP_LOSS,
    TAKE_PROFIT,
    Config,
    Decision,
    Floats,
    Param,
    Quote,
    State,
    Strategy,
    Tape,
    rolling_z_score,
    room_for_next_level,
    side_allowed,
    spread_of,
    stop_loss_reached,
)


class Template(Strategy):
    name = "template"
    title = "Rolling z-score"
    help = "Opens when the gap is far from its mean, adds when it widens, closes when it is back."
    features = ("z_score",)

    class Parameters(NamedTuple):
        window: Annotated[int, Param("Window", unit="bars", low=2, high=100_000, help="For mean and deviation.")] = 240
        entry: Annotated[float, Param("Entry", unit="σ", above=0, high=20, help="Distance that opens.")] = 2.0
        exit: Annotated[float, Param("Exit", unit="σ", low=-20, high=20, help="Distance at which it closes.")] = 0.0

    @staticmethod
    def warmup(params: Parameters) -> int:
        return params.window

    @staticmethod
    def prepare(params: Parameters, tape: Tape) -> Floats:
        gap = np.log(tape.closes1 / tape.closes2)
        return rolling_z_score(gap, params.window).reshape(-1, 1)

    @staticmethod
    def decide(params: Parameters, config: Config, state: State, quote: Quote, features: Floats) -> Decision:
        z_score, spread = features[0], spread_of(config, quote)
        if state.side == FLAT:
            side = SHORT_SPREAD if z_score > 0.0 else LONG_SPREAD
            far = abs(z_score) >= params.entry  # never true for what is not a number
            if far and side_allowed(config, side) and room_for_next_level(config, state):
                return Decision(OPEN, side, spread)
            return Decision(NONE, FLAT, spread)
        if stop_loss_reached(config, state, quote):
            return Decision(STOP_LOSS, state.side, spread)
        if state.side * z_score >= -params.exit:
            return Decision(TAKE_PROFIT, state.side, spread)
        wider = -state.side * (spread - state.last_spread)
        if room_for_next_level(config, state) and wider >= config.spreads[state.level]:
            return Decision(ADD, state.side, spread)
        return Decision(NONE, state.side, spread)
