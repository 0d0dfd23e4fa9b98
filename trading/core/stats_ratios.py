"""The ratios of a back-test. None where a formula has no answer. A year has 365 days, the risk-free rate is 0."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

DAYS_A_YEAR: Final = 365
_EXP_MAX: Final = 700
"""Beyond it exp has no float."""

Floats = NDArray[np.float64]


def cagr_pct(duration_days: float, profit: float, capital: float) -> float | None:
    """((capital + profit) / capital) ** (1 / years) - 1; None if all is lost or no time passed."""
    growth = 1 + profit / capital
    if duration_days <= 0 or growth <= 0:
        return None
    exponent = math.log(growth) * DAYS_A_YEAR / duration_days
    return math.expm1(exponent) * 100 if exponent < _EXP_MAX else None


def sharpe(returns: Floats) -> float | None:
    """mean / sample standard deviation * sqrt(365). W. F. Sharpe, "The Sharpe Ratio", 1994."""
    deviation = _deviation(returns)
    return None if deviation == 0 else float(np.mean(returns)) / deviation * math.sqrt(DAYS_A_YEAR)


def sortino(returns: Floats) -> float | None:
    """mean / sqrt(mean of squared losses, over all days) * sqrt(365), target 0. F. Sortino and L. Price, 1994."""
    downside = math.sqrt(float(np.mean(np.minimum(returns, 0.0) ** 2))) if len(returns) > 1 else 0.0
    return None if downside == 0 else float(np.mean(returns)) / downside * math.sqrt(DAYS_A_YEAR)


def calmar(growth_pct: float | None, drawdown_pct: float) -> float | None:
    """CAGR / largest relative fall. T. W. Young, "Calmar Ratio: A Smoother Tool", 1991, over the whole run."""
    return None if growth_pct is None or drawdown_pct == 0 else growth_pct / drawdown_pct


def system_quality_number(pnls: Floats) -> float | None:
    """sqrt(cycles) * mean / sample standard deviation of the cycles' P&L. V. Tharp's SQN, without his cap of 100."""
    deviation = _deviation(pnls)
    return None if deviation == 0 else math.sqrt(len(pnls)) * float(np.mean(pnls)) / deviation


def profit_factor(gross_profit: float, gross_loss: float) -> float | None:
    """`gross_loss` is negative, or 0: then there is no factor."""
    return None if gross_loss == 0 else gross_profit / -gross_loss


def mean(values: NDArray[np.generic], factor: float = 1.0) -> float | None:
    return float(np.mean(values)) * factor if len(values) else None  # type: ignore[arg-type]


def _deviation(values: Floats) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
