"""What a process compiles before its first scan, so that nobody waits for it."""

from typing import Final

import numpy as np

from trading.core.pair_stats_score import LEAST_IN_ALL, measure

OUT_OF_SAMPLE: Final = 0.3


def warm_up() -> None:
    """Over waves; nothing of it is kept."""
    at = np.arange(LEAST_IN_ALL, dtype=np.float64)
    measure(np.sin(at / 9.0) + at / 50.0, np.sin(at / 7.0) + at / 60.0, OUT_OF_SAMPLE)
