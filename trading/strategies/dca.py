"""Averaging into one market: an order now, another each time that the price went against it, out at a profit."""

from typing import Annotated, NamedTuple

import numpy as np

from trading.strategies import (
    ADD,
    FLAT,
    LONG_SPREAD,
    NONE,
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
    compiled,
    open_if_allowed,
    pnl_pct,
    room_for_order,
    spread_of,
    stop_loss_reached,
)

SIDES = ("long", "short")
HOUR_MS = 3_600_000


class Dca(Strategy):
    name = "dca"
    title = "Averaging in (DCA)"
    help = (
        "Opens at once, adds when the price has gone against the last order by a step or so many hours have passed; "
        "closes when the whole position has earned the take profit."
    )
    markets = 1
    features = ("due",)
    levels = 6
    reads = ("profit",)

    class Parameters(NamedTuple):
        side: Annotated[int, Param("Side", choices=SIDES)] = 0
        step: Annotated[
            float,
            Param("Adds after", unit="%", low=0, high=90, help="Against it since the last order; 0: never."),
        ] = 2.0
        step_scale: Annotated[
            float, Param("Each step times", low=0.1, high=10, help="1.5: 2 %, then 3 %, then 4.5 %.")
        ] = 1.0
        every: Annotated[
            int, Param("Adds every", unit="h", low=0, high=8_760, help="By the clock, whatever the price; 0: never.")
        ] = 0

    @staticmethod
    def warmup(params: Parameters) -> int:
        return 1

    @staticmethod
    def prepare(params: Parameters, tape: Tape) -> Floats:
        due = np.zeros((len(tape), 1))
        if params.every:
            slot = tape.times // (params.every * HOUR_MS)
            due[1:, 0] = slot[1:] != slot[:-1]
        return due

    @staticmethod
    @compiled
    def decide(params: Parameters, config: Config, state: State, quote: Quote, features: Floats) -> Decision:
        spread = spread_of(config, quote)
        if state.side == FLAT:
            side = LONG_SPREAD if params.side == 0 else SHORT_SPREAD
            return open_if_allowed(config, state, side, spread, 1)
        if stop_loss_reached(config, state, quote):
            return Decision(STOP_LOSS, state.side, spread)
        if pnl_pct(config, state, quote) >= config.take_profit:
            return Decision(TAKE_PROFIT, state.side, spread)
        last = config.start1 * (1.0 + state.last_spread / 100.0)
        against = -state.side * (quote.p1 / last - 1.0) * 100.0
        by_price = params.step > 0.0 and against >= params.step * params.step_scale ** (state.level - 1)
        if (by_price or features[0] > 0.0) and room_for_order(config, state, 1):
            return Decision(ADD, state.side, spread)
        return Decision(NONE, state.side, spread)
