"""Fewer points of a line without losing its extremes."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def downsample(values: Floats, most: int) -> Ints:
    """Indices, ascending, of at most `most` points: first, last, and the lowest and highest of each stretch."""
    if len(values) <= most:
        return np.arange(len(values), dtype=np.int64)
    kept = {0, len(values) - 1}
    for stretch in np.array_split(np.arange(len(values)), max(1, (most - 2) // 2)):
        kept.add(int(stretch[np.argmin(values[stretch])]))
        kept.add(int(stretch[np.argmax(values[stretch])]))
    return np.array(sorted(kept), dtype=np.int64)
