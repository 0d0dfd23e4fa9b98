"""What a search looks for: one figure of a set over all its parts, larger is better.

The totals of a part are JSON: `trades`, `cycles`, `wins`, `net_profit` (final equity), `realised`, `max_drawdown`,
`gross_profit`, `gross_loss` (positive), `sum_squares` (of the cycles' P&L), `fees`, `funding`, `days`, and
`return_sum`, `return_squares`, `return_days` of its daily returns.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

CAP: Final = 100.0
"""Of ratios whose divisor is nothing, or next to it: a set without a losing cycle is not infinitely good."""
DAYS_A_YEAR: Final = 365

Totals = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pooled:
    """Several parts as one: sums, and the worst drawdown."""

    trades: int
    cycles: int
    wins: int
    net_profit: float
    realised: float
    max_drawdown: float
    gross_profit: float
    gross_loss: float
    sum_squares: float
    fees: float
    funding: float
    days: float
    return_sum: float
    return_squares: float
    return_days: int

    @property
    def cycle_deviation(self) -> float:
        """Sample standard deviation of the cycles' P&L; 0 where there are not two different ones."""
        if self.cycles < 2:
            return 0.0
        return math.sqrt(max(0.0, self.sum_squares - self.realised**2 / self.cycles) / (self.cycles - 1))

    @property
    def cycle_sharpe(self) -> float | None:
        """Mean of the cycles' P&L by its standard deviation."""
        deviation = self.cycle_deviation
        return self.realised / self.cycles / deviation if deviation > 0 else None


def pool(parts: Sequence[Totals]) -> Pooled | None:
    """None without parts."""
    if not parts:
        return None
    sums = {name: sum(part[name] for part in parts) for name in Pooled.__dataclass_fields__ if name != "max_drawdown"}
    return Pooled(**sums, max_drawdown=max(part["max_drawdown"] for part in parts))


def score(objective: str, parts: Sequence[Totals], min_cycles: int) -> float | None:
    """None where too few cycles were closed to count, or the formula has no answer."""
    pooled = pool(parts)
    if pooled is None or pooled.cycles < max(1, min_cycles):
        return None
    found = OBJECTIVES[objective].formula(pooled)
    return found if found is None or math.isfinite(found) else None


def degradation_pct(objective: str, inside: Sequence[Totals], outside: Sequence[Totals]) -> float | None:
    """How much worse the out-of-sample parts did, in percent; negative where they did better.

    What grows with time is compared by day, SQN by cycle. None where there was nothing to lose.
    """
    one, two = pool(inside), pool(outside)
    if one is None or two is None:
        return None
    before = _comparable(objective, one)
    after = _comparable(objective, two) if two.cycles else _nothing(objective, two)
    if before is None or after is None or before <= 0:
        return None
    return (1 - after / before) * 100


def _nothing(objective: str, pooled: Pooled) -> float | None:
    """Of parts without a closed cycle: what is open counts as profit, everything else has no answer."""
    return pooled.net_profit / pooled.days if objective == "net_profit" and pooled.days else None


def _comparable(objective: str, pooled: Pooled) -> float | None:
    about = OBJECTIVES[objective]
    value = about.formula(pooled)
    divisor = about.per(pooled)
    return None if value is None or divisor <= 0 else value / divisor


def _return_over_drawdown(pooled: Pooled) -> float:
    least = abs(pooled.net_profit) / CAP
    divisor = max(pooled.max_drawdown, least)
    return pooled.net_profit / divisor if divisor > 0 else 0.0


def _profit_factor(pooled: Pooled) -> float | None:
    divisor = max(pooled.gross_loss, pooled.gross_profit / CAP)
    return pooled.gross_profit / divisor if divisor > 0 else None


def _sqn(pooled: Pooled) -> float | None:
    """sqrt(cycles) * mean / sample standard deviation. V. Tharp's SQN, without his cap of 100."""
    sharpe = pooled.cycle_sharpe
    return None if sharpe is None else math.sqrt(pooled.cycles) * sharpe


def _sharpe(pooled: Pooled) -> float | None:
    """Of daily returns, mean / sample standard deviation * sqrt(365). W. F. Sharpe, "The Sharpe Ratio", 1994."""
    days = pooled.return_days
    if days < 2:
        return None
    variance = max(0.0, pooled.return_squares - pooled.return_sum**2 / days) / (days - 1)
    return pooled.return_sum / days / math.sqrt(variance) * math.sqrt(DAYS_A_YEAR) if variance > 0 else None


def _one(pooled: Pooled) -> float:
    return 1.0


@dataclass(frozen=True, slots=True)
class Objective:
    """`per`: what to divide by before two stretches of different length are compared."""

    title: Any
    formula: Callable[[Pooled], float | None]
    per: Callable[[Pooled], float] = _one


OBJECTIVES: Final[dict[str, Objective]] = {
    "net_profit": Objective(_("Net profit"), lambda pooled: pooled.net_profit, lambda pooled: pooled.days),
    "return_over_drawdown": Objective(_("Return over drawdown"), _return_over_drawdown, lambda pooled: pooled.days),
    "profit_factor": Objective(_("Profit factor"), _profit_factor),
    "win_rate": Objective(_("Win rate"), lambda pooled: pooled.wins / pooled.cycles * 100),
    "expectancy": Objective(_("Expectancy"), lambda pooled: pooled.realised / pooled.cycles),
    "sqn": Objective(_("SQN"), _sqn, lambda pooled: math.sqrt(pooled.cycles)),
    "sharpe": Objective(_("Sharpe ratio"), _sharpe),
}
DEFAULT: Final = "return_over_drawdown"
