"""A search without the queue: in this process, or over processes of its own."""

import multiprocessing
import pickle
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from typing import Protocol

from trading.backtests.run import Markets
from trading.searches import child
from trading.searches.evaluation import Evaluation, Outcome
from trading.searches.plan import Plan
from trading.searches.samplers import WAVE
from trading.searches.space import Value

Sets = list[tuple[int, dict[str, Value]]]


class Runner(Protocol):
    """Runs cells of sets, in whatever order they come back."""

    def __call__(self, cells: Iterable[Sets], /) -> Iterator[list[Outcome]]: ...


def search(plan: Plan, known: Collection[Outcome], run: Runner) -> Iterator[list[Outcome]]:
    """What is not known yet, cell by cell as they come back. The caller adds them to `known` while this goes on."""
    if not plan.is_adaptive:
        there = {found.number for found in known}
        cells = ([n for n in plan.numbers(cell) if n not in there] for cell in range(plan.cells))
        yield from run([(n, plan.set_of(n)) for n in numbers] for numbers in cells if numbers)
        return
    for wave in range(-(-plan.sets // WAVE)):
        sets = _wave(plan, known, wave)
        cells_of_wave = (sets[at : at + plan.cell] for at in range(0, len(sets), plan.cell))
        yield from run(cells_of_wave)


def _wave(plan: Plan, known: Collection[Outcome], wave: int) -> Sets:
    """The sets of a wave that are not known yet, which is none at all for waves that went by."""
    from trading.searches.tpe import wave_sets  # Optuna: 0.4 s that other methods need not wait

    numbers = range(wave * WAVE, min((wave + 1) * WAVE, plan.sets))
    there = {found.number for found in known}
    if there.issuperset(numbers):
        return []
    before = sorted((found for found in known if found.number < wave * WAVE), key=lambda found: found.number)
    told = ((found.values, found.score) for found in before)
    chosen = wave_sets(plan.space, told, wave=wave, sets=plan.sets, seed=plan.seed)
    return [(number, values) for number, values in zip(numbers, chosen, strict=True) if number not in there]


@contextmanager
def in_this_process(evaluation: Evaluation) -> Iterator[Runner]:
    def run(cells: Iterable[Sets]) -> Iterator[list[Outcome]]:
        for cell in cells:
            for number, values in cell:
                yield [evaluation.outcome(number, values)]

    yield run


@contextmanager
def in_processes(plan: Plan, markets: Markets, jobs: int) -> Iterator[Runner]:
    """They end with the context, within the set that they are at."""
    context = multiprocessing.get_context("spawn")  # Polars' and Numba's threads do not survive a fork
    stop = context.Event()
    packed = pickle.dumps((plan, markets))
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=child.begin, initargs=(packed, stop))

    def run(cells: Iterable[Sets]) -> Iterator[list[Outcome]]:
        waiting: set[Future[list[Outcome]]] = set()
        for cell in cells:
            waiting.add(pool.submit(child.outcomes, cell))
            if len(waiting) >= 2 * jobs:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()

    try:
        yield run
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
