"""Numba as the core uses it: typed, cached on disk, and every function still callable as plain Python.

Numba's own cache compares only the file of the function that is loaded. A kernel that has `decide` inlined would then
survive a change of `decide`. Here the names of the cache files carry a digest of every source file of this package
and of the function's own folder, so a stale kernel cannot be found at all.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
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
    return cast(Callable[P, R], _plain(function, {}))


def with_global(template: Callable[P, R], **replaced: Callable[..., Any]) -> Callable[P, R]:
    """The template (not compiled) with other functions in place of globals that it calls.

    Its name tells which ones and by which sources, so that each such copy has its own file in the cache.
    """
    source = _source(template)
    functions = [_source(function) for function in replaced.values()]
    named = "".join(f"{function.__module__}.{function.__qualname__}{_digest_of(function)}" for function in functions)
    found = _rebuilt(source, replaced)
    found.__qualname__ = f"{source.__qualname__}-{hashlib.sha256(named.encode()).hexdigest()[:16]}"
    return cast(Callable[P, R], found)


def is_compiled(function: Callable[..., Any]) -> bool:
    return isinstance(function, Dispatcher)


def at_hand(function: Callable[..., Any], arguments: Sequence[Any]) -> bool:
    """Whether it can be called so without waiting for the compiler: it was before, or it lies in the cache on disk."""
    if not isinstance(function, Dispatcher):
        return True
    kinds = tuple(map(numba.typeof, arguments))
    dispatcher: Any = function
    cache = dispatcher._cache
    return kinds in dispatcher.overloads or (
        isinstance(cache, _SourcesCache) and cache.holds(kinds, dispatcher.targetctx)
    )


def _source(function: Callable[..., Any]) -> FunctionType:
    source = function.py_func if isinstance(function, Dispatcher) else function
    assert isinstance(source, FunctionType)
    return source


def _digest_of(function: FunctionType) -> str:
    return _sources_digest(Path(function.__code__.co_filename).resolve())


def _rebuilt(source: FunctionType, replaced: Mapping[str, Callable[..., Any]]) -> FunctionType:
    names = {**source.__globals__, **replaced}
    found = FunctionType(source.__code__, names, source.__name__, source.__defaults__, source.__closure__)
    found.__kwdefaults__ = source.__kwdefaults__
    found.__module__ = source.__module__
    return found


def _plain(function: Callable[..., Any], done: dict[FunctionType, FunctionType]) -> FunctionType:
    source = _source(function)
    if source in done:
        return done[source]
    done[source] = _rebuilt(source, {})
    for name in source.__code__.co_names:
        value: Any = source.__globals__.get(name)
        ours = isinstance(value, FunctionType) and value.__module__ == source.__module__
        if isinstance(value, Dispatcher) or ours:
            done[source].__globals__[name] = _plain(value, done)
    return done[source]


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
    for source in sorted({*file.parent.glob("*.py"), *Path(__file__).parent.glob("*.py")}):
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

    def holds(self, kinds: tuple[Any, ...], target: Any) -> bool:
        numbas: Any = self
        return numbas._index_key(kinds, target.codegen()) in numbas._cache_file._load_index()
