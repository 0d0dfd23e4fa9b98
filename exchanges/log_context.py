"""What the work at hand is about: written beside every line that is logged meanwhile."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_about: ContextVar[Mapping[str, str | int]] = ContextVar("log_about", default={})  # noqa: B039 never changed in place


@contextmanager
def about(**ids: str | int) -> Iterator[None]:
    """Adds e.g. `bot=5` or `order="cm…"` to what is known already; of this thread or task alone."""
    token = _about.set({**_about.get(), **ids})
    try:
        yield
    finally:
        _about.reset(token)


def log_ids() -> Mapping[str, str | int]:
    return _about.get()
