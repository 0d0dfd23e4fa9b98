"""The spread strategy from where a bot stood: the same decision, with another reference than 0 to begin with."""

from typing import Any, NamedTuple

from trading.core.backtest import Prepared
from trading.core.decide import decide
from trading.core.types import FLAT, Config, Decision, Quote, State


class Anchor(NamedTuple):
    """`reference` in percentage points; `half_spread` of the book that the bot sees, as a fraction."""

    reference: float
    half_spread: float


def decide_anchored(params: Anchor, config: Config, state: State, quote: Quote, features: Any) -> Decision:
    """A run begins flat at 0 and is flat at a trade's spread ever after, so that 0 means: nothing was traded yet.

    Left as plain Python: over the bars that a bot has lived that is faster than to compile it first.
    """
    if state.side == FLAT and state.reference == 0.0:
        here = State(0, FLAT, params.reference, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    else:
        here = state
    down, up = 1.0 - params.half_spread, 1.0 + params.half_spread
    seen = Quote(quote.p1, quote.p2, quote.p1 * down, quote.p1 * up, quote.p2 * down, quote.p2 * up)
    return decide(config, here, seen)


def anchored(reference: float, half_spread: float, slippage: float) -> Prepared | None:
    """None where the engine's own strategy does: it begins at 0, and sees a book as wide as its slippage."""
    if reference == 0.0 and half_spread == slippage:
        return None
    return Prepared(decide_anchored, Anchor(float(reference), float(half_spread)))
