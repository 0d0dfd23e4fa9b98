"""What the best of many sets would show by chance alone.

D. H. Bailey and M. López de Prado, "The Deflated Sharpe Ratio: Correcting for Selection Bias, Backtest Overfitting and
Non-Normality", 2014. Ratios here are by cycle: mean of the cycles' P&L by its standard deviation.
"""

import math
from statistics import NormalDist
from typing import Final

EULER_MASCHERONI: Final = 0.5772156649015329
_NORMAL: Final = NormalDist()


def expected_best(sets: int, deviation: float) -> float:
    """The highest Sharpe ratio to expect of that many independent sets without any merit, whose ratios scatter by
    `deviation` (their standard deviation) around 0."""
    if sets < 2:
        return 0.0
    high = _NORMAL.inv_cdf(1 - 1 / sets)
    higher = _NORMAL.inv_cdf(1 - 1 / (sets * math.e))
    return deviation * ((1 - EULER_MASCHERONI) * high + EULER_MASCHERONI * higher)


def confidence(sharpe: float, against: float, cycles: int) -> float:
    """The probability that the true ratio is above `against`, as if the cycles' P&L were normal: 0 to 1."""
    if cycles < 2:
        return 0.0
    return _NORMAL.cdf((sharpe - against) * math.sqrt(cycles - 1) / math.sqrt(1 + sharpe**2 / 2))
