"""The spread strategy: the decision that bots trade by. Its parameters are the bot's own settings, the frame."""

from trading.core.backtest import SPREAD
from trading.strategies.base import Strategy


class Spread(Strategy):
    name = "spread"
    title = "Spread of two markets"
    help = "Shorts the market that rose more, buys the other, adds when the gap widens and closes when it narrows."
    decide = staticmethod(SPREAD.decide)  # type: ignore[assignment]  # the engine's, which names no arguments
