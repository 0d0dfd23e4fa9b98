"""What a strategy's file imports. The contract is `base.Strategy`; `docs/strategies.md` is the guide."""

from trading.core.candles import Tape
from trading.core.compiled import inlined as compiled
from trading.core.pnl import gross_pnl, net_pnl, pnl_pct
from trading.core.rolling import rolling_mean_deviation, rolling_z_score
from trading.core.rules import room_for_next_level, side_allowed, spread_of, stop_loss_reached
from trading.core.types import (
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
    Quote,
    State,
)
from trading.strategies.base import Floats, Strategy
from trading.strategies.parameters import Param

__all__ = [
    "ADD",
    "FLAT",
    "LONG_SPREAD",
    "NONE",
    "OPEN",
    "SHORT_SPREAD",
    "STOP_LOSS",
    "TAKE_PROFIT",
    "Config",
    "Decision",
    "Floats",
    "Param",
    "Quote",
    "State",
    "Strategy",
    "Tape",
    "compiled",
    "gross_pnl",
    "net_pnl",
    "pnl_pct",
    "rolling_mean_deviation",
    "rolling_z_score",
    "room_for_next_level",
    "side_allowed",
    "spread_of",
    "stop_loss_reached",
]
