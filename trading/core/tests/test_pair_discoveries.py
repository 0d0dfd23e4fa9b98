"""How many of the pairs that are found are not there, over many generated worlds; and that those there are found."""

from itertools import combinations

import numpy as np
import pytest

from trading.core.pair_stats import engle_granger
from trading.core.pair_stats_many import q_values
from trading.core.pair_stats_score import FOUND_Q
from trading.core.tests.test_pair_stats import autoregression

SEEDS = 60
MARKETS, BARS = 12, 400


def found_in(seed: int, tied: int) -> tuple[int, int, int]:
    """(found and there, found and not there, not there but with a p-value of 0.05 at most)."""
    random = np.random.default_rng(seed)
    walks = [np.cumsum(random.normal(0, 0.006, BARS)) for _ in range(MARKETS)]
    for place in range(tied):
        walks[2 * place + 1] = walks[2 * place] + autoregression(seed * 10 + place, BARS, 0.8, 0.003)
    pairs = list(combinations(range(MARKETS), 2))
    p_values = np.array([engle_granger(walks[one], walks[two]).p_value for one, two in pairs])
    belongs = np.array([one % 2 == 0 and two == one + 1 and one < 2 * tied for one, two in pairs])
    found = q_values(p_values) <= FOUND_Q
    alone = (p_values <= FOUND_Q) & ~belongs
    return int((found & belongs).sum()), int((found & ~belongs).sum()), int(alone.sum())


@pytest.mark.parametrize("tied", [0, 3])
def test_the_false_discovery_rate_is_what_it_promises(tied: int) -> None:
    worlds = [found_in(seed, tied) for seed in range(SEEDS)]
    rates = [false / max(1, true + false) for true, false, _alone in worlds]
    rate = float(np.mean(rates))
    print(f"\n{SEEDS} worlds of {MARKETS} markets, {tied} pairs there: false discovery rate {rate:.1%}, wanted 5 %")
    spread = float(np.std(rates)) / SEEDS**0.5
    assert rate - 3 * spread <= 0.05
    assert rate <= 0.10
    if tied:
        assert sum(true for true, _false, _alone in worlds) >= 0.95 * tied * SEEDS
    assert sum(alone for _true, _false, alone in worlds) > SEEDS  # without correction every world would have some
