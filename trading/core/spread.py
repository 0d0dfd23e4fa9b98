"""The spread: how much further market 1 moved than market 2 since the start."""

from trading.core.compiled import inlined


@inlined
def spread_pct(p1: float, p2: float, start1: float, start2: float) -> float:
    """Percentage points. Also takes arrays of prices."""
    return (p1 / start1 - 1.0) * 100.0 - (p2 / start2 - 1.0) * 100.0
