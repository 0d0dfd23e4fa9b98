"""Many tests at once: of a thousand pairs without any tie, fifty would pass a test of 5 % each."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def q_values(p_values: Floats) -> Floats:
    """Taking every pair up to a q-value of 0.05 as found, about 5 % of those found are not there.

    Y. Benjamini and Y. Hochberg, "Controlling the False Discovery Rate", Journal of the Royal Statistical Society B 57
    (1995). Those that are not a number stay so and do not count as tests.
    """
    found = np.full(len(p_values), np.nan)
    tested = np.flatnonzero(np.isfinite(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    raised = p_values[order] * len(order) / np.arange(1, len(order) + 1)
    found[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return found


def bonferroni(p_values: Floats) -> Floats:
    """p times the number of tests: that even one of all would be so low without a tie."""
    return np.asarray(np.minimum(p_values * np.isfinite(p_values).sum(), 1.0))
