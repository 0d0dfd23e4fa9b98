"""What a strategy's file imports. The contract is `base.Strategy`; `docs/strategies.md` is the guide."""

from trading.core.candles import Rates, Tape
from trading.core.compiled import inlined as compiled
from trading.core.pnl import gross_pnl, net_pnl, pnl_pct
from trading.core.rolling import rolling_mean_deviation, rolling_z_score
from trading.core.rules import (
    open_if_allowed,
    room_for_next_level,
    room_for_order,
    side_allowed,
    spread_of,
    stop_loss_reached,
)
from trading.core.types import (
    ADD,
    FLAT,
    LONG_SPREAD,
    NONE,
    OPEN,
    SHORT_SPREAD,
    SIGNAL,
    STOP_LOSS,
    TAKE_PROFIT,
    Config,
    Decision,
    Quote,
    State,
)
from trading.strategies.base import Floats, Overlay, Strategy
from trading.strategies.parameters import Param

__all__ = [
    "ADD",
    "FLAT",
    "LONG_SPREAD",
    "NONE",
    "OPEN",
    "SHORT_SPREAD",
    "SIGNAL",
    "STOP_LOSS",
    "TAKE_PROFIT",
    "Config",
    "Decision",
    "Floats",
    "Overlay",
    "Param",
    "Quote",
    "Rates",
    "State",
    "Strategy",
    "Tape",
    "compiled",
    "gross_pnl",
    "net_pnl",
    "open_if_allowed",
    "pnl_pct",
    "rolling_mean_deviation",
    "rolling_z_score",
    "room_for_next_level",
    "room_for_order",
    "side_allowed",
    "spread_of",
    "stop_loss_reached",
]
