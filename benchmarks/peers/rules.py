"""What every peer trades, and how it is called: the bare kernel's rules, filled on the deciding close.

A peer is `python FILE PRICES.npy PARAMETERS.json ROUNDS`, prices as two rows of closes; it prints one JSON object.
Needs nothing but NumPy, so that the peers' own environment can import it.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Rules:
    investment: float
    fee: float
    slippage: float
    take_profit: float
    stop_loss: float
    spreads: list[float]
    multipliers: list[float]


@dataclass(frozen=True)
class Outcome:
    cycles: int
    orders: int
    equity: float


def play(run: Callable[[np.ndarray, Rules], Outcome]) -> None:
    """Runs once to warm up, then the wanted rounds, and prints median CPU seconds and what came out."""
    prices, rules, rounds = np.load(sys.argv[1]), Rules(**json.loads(Path(sys.argv[2]).read_text())), int(sys.argv[3])
    if rounds > 1:
        run(prices, rules)
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        outcome = run(prices, rules)
        seconds.append(time.process_time() - start)
    found: dict[str, Any] = {"seconds": statistics.median(seconds), **vars(outcome)}
    print(json.dumps(found))


def spread_of(prices: np.ndarray) -> np.ndarray:
    return (prices[0] / prices[0][0] - 1) * 100 - (prices[1] / prices[1][0] - 1) * 100
