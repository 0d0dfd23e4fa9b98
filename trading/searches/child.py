"""One of a search's own processes. Imports nothing of ours until Django is set up."""

import os
import pickle
import signal
from importlib import import_module
from typing import Any

import django

_evaluation: Any = None
_stop: Any = None


def begin(packed: bytes, stop: Any) -> None:
    """`packed`: a pickled (plan, markets); `stop`: an event of the parent's."""
    global _evaluation, _stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's to answer
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chainmakes.settings")
    django.setup()
    plan, markets = pickle.loads(packed)  # packed by the parent  # nosec B301
    _evaluation = import_module("trading.searches.evaluation").Evaluation(plan, markets)
    _stop = stop


def outcomes(sets: list[tuple[int, dict[str, Any]]]) -> list[Any]:
    """Of (number, values) in this order; not all of them once the parent wants to stop."""
    found = []
    for number, values in sets:
        if _stop.is_set():
            break
        found.append(_evaluation.outcome(number, values))
    return found
