"""Numba as the core uses it: typed, cached on disk, and every function still callable as plain Python.

Numba's own cache compares only the file of the function that is loaded. A kernel that has `decide` inlined would then
survive a change of `decide`. Here the names of the cache files carry a digest of every source file of this package
(and of the function's own file), so a stale kernel cannot be found at all.
"""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any, Literal, ParamSpec, Protocol, TypeVar, cast

import numba
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    InTreeCacheLocator,
    UserProvidedCacheLocator,
    UserWideCacheLocator,
)
from numba.core.dispatcher import Dispatcher

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Compiled(Protocol[P, R_co]):
    """A compiled function; `py_func` is its source."""

    @property
    def py_func(self) -> Callable[P, R_co]: ...

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...


def kernel(function: Callable[P, R]) -> Compiled[P, R]:
    """Compile a function that is called from Python; runs without the interpreter lock."""
    return _compiled(function, inline="never")


def inlined(function: Callable[P, R]) -> Compiled[P, R]:
    """Compile a function that is merged into every kernel that calls it."""
    return _compiled(function, inline="always")


def plain(function: Callable[P, R]) -> Callable[P, R]:
    """The same function without Numba, whatever it calls included."""
    source = function.py_func if isinstance(function, Dispatcher) else function
    assert isinstance(source, FunctionType)
    named = {name: source.__globals__.get(name) for name in source.__code__.co_names}
    replaced = {name: plain(value) for name, value in named.items() if isinstance(value, Dispatcher)}
    rebuilt = FunctionType(
        source.__code__, {**source.__globals__, **replaced}, source.__name__, source.__defaults__, source.__closure__
    )
    return cast(Callable[P, R], rebuilt)


def _compiled(function: Callable[P, R], inline: Literal["never", "always"]) -> Compiled[P, R]:
    dispatcher: Any = numba.njit(function, nogil=True, inline=inline, error_model="numpy")
    if isinstance(dispatcher, Dispatcher):  # not with NUMBA_DISABLE_JIT
        _enable_cache(dispatcher)
    return cast(Compiled[P, R], dispatcher)


def _enable_cache(dispatcher: Any) -> None:
    try:
        dispatcher._cache = _SourcesCache(dispatcher.py_func)  # type: ignore[no-untyped-call]
    except RuntimeError:  # no writable folder anywhere: compiled anew in every process
        return


@cache
def _sources_digest(file: Path) -> str:
    digest = hashlib.sha256()
    for source in sorted({file, *Path(__file__).parent.glob("*.py")}):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


class _BySources:
    _py_file: str
    _lineno: int

    def get_disambiguator(self) -> str:
        return f"{self._lineno}-{_sources_digest(Path(self._py_file).resolve())}"


class _UserProvided(_BySources, UserProvidedCacheLocator):
    pass


class _InTree(_BySources, InTreeCacheLocator):
    pass


class _UserWide(_BySources, UserWideCacheLocator):
    pass


class _SourcesCacheImpl(CompileResultCacheImpl):
    _locator_classes = [_UserProvided, _InTree, _UserWide]


class _SourcesCache(FunctionCache):
    _impl_class = _SourcesCacheImpl
