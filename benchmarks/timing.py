"""Timing on machines that are shared and noisy: CPU seconds, the candidates in turn, the median of each."""

import statistics
import time
from collections.abc import Callable, Mapping


def medians(candidates: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """CPU seconds of one call. Every candidate runs once before the first round, to compile and to warm up."""
    for call in candidates.values():
        call()
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, call in candidates.items():
            seconds[name].append(_cpu_seconds(call))
    return {name: statistics.median(times) for name, times in seconds.items()}


def _cpu_seconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start
