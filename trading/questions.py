"""Questions to venues, put at the same time: whoever waits does so for the slowest answer, not for their sum."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import Any

Question = Callable[[], Any]

_askers = ThreadPoolExecutor(max_workers=64, thread_name_prefix="ask")


def ask_together(away: Sequence[Question], here: Sequence[Question] = ()) -> list[Any]:
    """The answers to those that touch no database, asked in threads; `here`, meanwhile, the others.

    Raises what the first of them raises, once all have ended.
    """
    if not here and len(away) == 1:
        return [away[0]()]
    answers = [_asked(question) for question in away]
    try:
        for question in here:
            question()
    finally:
        wait(answers)
    return [answer.result() for answer in answers]


def _asked(question: Question) -> Future[Any]:
    """What the work at hand is about goes along."""
    return _askers.submit(copy_context().run, question)
