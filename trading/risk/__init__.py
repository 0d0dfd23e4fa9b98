"""Risk limits: who may open how much, how near each limit is, and what a shock would cost."""

from trading.risk.checks import Gate, LimitReached, Refusal, check, check_order, entry_gate, facts_of, order_gate
from trading.risk.limits import limits_of

__all__ = [
    "Gate",
    "LimitReached",
    "Refusal",
    "check",
    "check_order",
    "entry_gate",
    "facts_of",
    "limits_of",
    "order_gate",
]
