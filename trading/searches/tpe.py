"""Sets chosen by Optuna's tree-structured Parzen estimator, wave after wave.

J. Bergstra et al., "Algorithms for Hyper-Parameter Optimization", 2011. A wave is asked for when all before it are
known, from a study rebuilt out of them: the same seed gives the same sets, in whichever processes they run.
"""

import warnings
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Final

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.trial import FrozenTrial, create_trial

from trading.searches.samplers import WAVE, permuted
from trading.searches.space import Dimension, Space, Value

_TRIES: Final = 8

optuna.logging.set_verbosity(optuna.logging.ERROR)

Known = Iterable[tuple[Mapping[str, Value], float | None]]
"""Values and score of every set before the wave, by number; no score counts as the worst one."""


def wave_sets(space: Space, known: Known, *, wave: int, sets: int, seed: int) -> list[dict[str, Value]]:
    """The sets with the numbers `wave * WAVE` and following, none that was tried before; at most `sets` in all."""
    tried = [(space.index(values), score) for values, score in known]
    distributions = {found.name: _distribution(found) for found in space.dimensions}
    study = _study(space, tried, distributions, _seed(seed, wave))
    seen = {index for index, _score in tried}
    chosen: list[dict[str, Value]] = []
    for _number in range(wave * WAVE, min((wave + 1) * WAVE, sets, space.size)):
        index = _new(space, study, distributions, seen, seed)
        seen.add(index)
        chosen.append(space.at(index))
    return chosen


def _study(
    space: Space, tried: list[tuple[int, float | None]], distributions: dict[str, BaseDistribution], seed: int
) -> optuna.Study:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True)
        study = optuna.create_study(direction="maximize", sampler=sampler)
    worst = min((score for _index, score in tried if score is not None), default=0.0)
    study.add_trials([_told(space, index, worst if score is None else score, distributions) for index, score in tried])
    return study


def _told(space: Space, index: int, score: float, distributions: dict[str, BaseDistribution]) -> FrozenTrial:
    params = {found.name: _told_value(found, place) for found, place in _placed(space, index)}
    return create_trial(params=params, distributions=distributions, value=score)


def _new(
    space: Space, study: optuna.Study, distributions: dict[str, BaseDistribution], seen: set[int], seed: int
) -> int:
    """What Optuna asks for; the next set of a shuffled grid where it asks again and again for what was tried."""
    for _try in range(_TRIES):
        params = study.ask(distributions).params
        index = 0
        for dimension in space.dimensions:
            index = index * dimension.count + _asked_place(dimension, params[dimension.name])
        if index not in seen:
            return index
    return next(index for index in (permuted(n, space.size, seed) for n in range(space.size)) if index not in seen)


def _distribution(dimension: Dimension) -> BaseDistribution:
    """Ordered values by their place, so that steps and logarithms need no rounding."""
    if dimension.is_ordered:
        return IntDistribution(0, dimension.count - 1)
    return CategoricalDistribution(dimension.values)


def _told_value(dimension: Dimension, place: int) -> Value:
    return place if dimension.is_ordered else dimension.value(place)


def _asked_place(dimension: Dimension, value: Value) -> int:
    return int(value) if dimension.is_ordered else dimension.place(value)


def _placed(space: Space, index: int) -> list[tuple[Dimension, int]]:
    return list(zip(space.dimensions, space.places(index), strict=True))


def _seed(seed: int, wave: int) -> int:
    return int.from_bytes(blake2b(f"{seed}:{wave}".encode(), digest_size=4).digest(), "big")
