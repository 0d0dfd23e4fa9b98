"""Totals of a part, for tests that need no run: four cycles of 3, -1, 2 and 4."""

from typing import Any

PNLS = [3.0, -1.0, 2.0, 4.0]
RETURNS = [0.01, -0.005, 0.02]


def totals(**more: Any) -> dict[str, Any]:
    base = {
        "trades": 8,
        "cycles": len(PNLS),
        "wins": 3,
        "net_profit": 7.5,
        "realised": sum(PNLS),
        "max_drawdown": 2.5,
        "gross_profit": 9.0,
        "gross_loss": 1.0,
        "sum_squares": sum(x * x for x in PNLS),
        "fees": 0.5,
        "funding": -0.1,
        "days": 30.0,
        "return_sum": sum(RETURNS),
        "return_squares": sum(x * x for x in RETURNS),
        "return_days": len(RETURNS),
    }
    return base | more


def cycles_of(count: int, mean: float, deviation: float, **more: Any) -> dict[str, Any]:
    """A part with that many cycles of this mean and sample standard deviation."""
    squares = deviation**2 * (count - 1) + count * mean**2
    return totals(cycles=count, realised=count * mean, net_profit=count * mean, sum_squares=squares, **more)
