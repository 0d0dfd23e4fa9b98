"""Which strategies this installation has: built in, from installed packages, and from its own folder of files.

A strategy that cannot be used disables only itself, and is named with the reason. Files that change are read again.
"""

import hashlib
import inspect
import logging
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import invalidate_caches
from importlib.metadata import entry_points
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext as _

from bots.strategies.words import TITLES, translated
from trading.strategies.base import FAULTS, Bound, Strategy, bind, schema_of, strategy_problems
from trading.strategies.bollinger import Bollinger
from trading.strategies.dca import Dca
from trading.strategies.donchian import Donchian
from trading.strategies.funding_carry import FundingCarry
from trading.strategies.grid import Grid
from trading.strategies.ma_cross import MaCross
from trading.strategies.rsi import Rsi
from trading.strategies.spread import Spread
from trading.strategies.z_score import ZScore

log = logging.getLogger(__name__)

BUILT_IN: Final[tuple[type[Strategy], ...]] = (
    Spread,
    ZScore,
    FundingCarry,
    Bollinger,
    Rsi,
    MaCross,
    Donchian,
    Grid,
    Dca,
)
ENTRY_POINTS: Final = "chainmakes.strategies"


class Origin(StrEnum):
    BUILT_IN = "built_in"
    PACKAGE = "package"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Plugin:
    """A strategy that can be used. `source` is its package or file, empty for one that is built in."""

    strategy: type[Strategy]
    origin: Origin
    source: str = ""

    @property
    def name(self) -> str:
        return self.strategy.name

    @property
    def title(self) -> str:
        title = self.strategy.title
        return str(TITLES.get(self.name, title)) if self.origin is Origin.BUILT_IN else title

    def word(self, text: str) -> str:
        """A text of the strategy in the reader's language; its author's own words where it is not built in."""
        return translated(text) if self.origin is Origin.BUILT_IN else text

    @property
    def help(self) -> str:
        return self.word(self.strategy.help)

    @property
    def markets(self) -> int:
        return self.strategy.markets

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of its own parameters, `strategy_params`."""
        return schema_of(self.strategy)

    def bind(self, strategy_params: Any = None) -> Bound:
        """Raises trading.strategies.parameters.ParametersRefused."""
        return bind(self.strategy, strategy_params)


@dataclass(frozen=True, slots=True)
class Broken:
    """`name` is that of the strategy, or of its file or entry point where it did not come to that."""

    name: str
    reason: str
    source: str = ""

    @property
    def brief(self) -> str:
        """The reason without the server's folders."""
        return self.reason.replace(self.source, Path(self.source).name) if self.source else self.reason


@dataclass(frozen=True, slots=True)
class _Found:
    plugins: tuple[Plugin, ...]
    broken: tuple[Broken, ...]


def available() -> list[Plugin]:
    """Built-in ones first, then by name."""
    return list(_all().plugins)


def broken() -> list[Broken]:
    return list(_all().broken)


def strategy_of(name: str) -> Plugin:
    """Raises LookupError."""
    found = _all()
    for plugin in found.plugins:
        if plugin.name == name:
            return plugin
    reason = next((it.reason for it in found.broken if it.name == name), "")
    if reason:
        raise LookupError(_("the strategy %(name)s cannot be used: %(reason)s") % {"name": name, "reason": reason})
    raise LookupError(_("there is no strategy %(name)s") % {"name": name})


def _all() -> _Found:
    plugins, failed = [Plugin(strategy, Origin.BUILT_IN) for strategy in BUILT_IN], []
    for outcome in sorted([*_packaged(), *_filed()], key=lambda it: (it.name, isinstance(it, Broken))):
        if isinstance(outcome, Broken):
            failed.append(outcome)
        elif taken := next((it for it in plugins if it.name == outcome.name), None):
            other = taken.source or "a built-in strategy"
            failed.append(Broken(outcome.name, f"{outcome.source}: the name is taken by {other}", outcome.source))
        else:
            plugins.append(outcome)
    return _Found(tuple(plugins), tuple(failed))


@cache
def _packaged() -> tuple[Plugin | Broken, ...]:
    """Of installed packages, which do not change while a process runs."""
    return tuple(
        _loaded(entry.name, Origin.PACKAGE, entry.value, entry.load) for entry in entry_points(group=ENTRY_POINTS)
    )


def _filed() -> Iterator[Plugin | Broken]:
    """Of the installation's folder. Names that begin with an underscore hold what strategies share: a strategy imports
    them by name, and is read again when one of them changes. Those that begin with a dot are left alone."""
    folder: Path = settings.STRATEGY_DIR
    shared = _shared(folder)
    for path in sorted(folder.glob("*.py")):
        if path.name.startswith(("_", ".")):
            continue
        try:
            source = path.read_bytes()
        except OSError as error:
            yield Broken(path.stem, f"{path}: cannot be read: {error.strerror}", str(path))
            continue
        yield _from_file(path.resolve(), source, shared)


def _shared(folder: Path) -> bytes:
    """A digest of the files that strategies may import."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("_*.py")):
        try:
            digest.update(path.read_bytes())
        except OSError:
            continue
    return digest.digest()


_files: dict[Path, tuple[bytes, Plugin | Broken]] = {}
_reading = RLock()


def _from_file(path: Path, source: bytes, shared: bytes) -> Plugin | Broken:
    digest = hashlib.sha256(source + shared).digest()
    with _reading:
        known = _files.get(path)
        if known is None or known[0] != digest:
            known = digest, _loaded(path.stem, Origin.FILE, str(path), lambda: _only_strategy(_module(path, source)))
            _files[path] = known
    return known[1]


def _loaded(name: str, origin: Origin, source: str, load: Callable[[], Any]) -> Plugin | Broken:
    try:
        strategy = load()
        if not (inspect.isclass(strategy) and issubclass(strategy, Strategy)):
            raise ValueError("is not a subclass of Strategy")
        problems = strategy_problems(strategy)
    except FAULTS as error:  # whatever foreign code does wrong stays its own affair
        log.warning("strategy %s of %s cannot be loaded", name, source, exc_info=True)
        return Broken(name, f"{source}: {_said(error, source)}", source)
    if problems:
        return Broken(strategy.name or name, f"{source}: {'; '.join(problems)}", source)
    return Plugin(strategy, origin, source)


def _only_strategy(module: ModuleType) -> type[Strategy]:
    """Raises ValueError unless the file defines exactly one."""
    own = [
        it
        for it in vars(module).values()
        if inspect.isclass(it) and issubclass(it, Strategy) and it.__module__ == module.__name__
    ]
    if len(own) != 1:
        raise ValueError("defines no strategy" if not own else f"defines {len(own)} strategies, not one")
    return own[0]


def _module(path: Path, source: bytes) -> ModuleType:
    """Run a file as a module of its own, known by a name that its contents decide: annotations and compiled code are
    looked up by it, in other processes too."""
    name = f"chainmakes_strategy_{re.sub('[^a-z0-9]', '_', path.stem.lower())}_{hashlib.sha256(source).hexdigest()[:8]}"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    try:
        with _neighbours(path.parent), redirect_stdout(sys.stderr):  # what commands print is theirs
            exec(compile(source, str(path), "exec"), vars(module))  # the operator's own file  # nosec B102
    except BaseException:
        del sys.modules[name]
        raise
    return module


@contextmanager
def _neighbours(folder: Path) -> Iterator[None]:
    """Files of the folder that begin with an underscore can be imported, as they are now."""
    for name, module in list(sys.modules.items()):
        if name.startswith("_") and Path(getattr(module, "__file__", None) or "/").parent == folder:
            del sys.modules[name]
    invalidate_caches()
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _said(error: BaseException, source: str) -> str:
    """In one line, with the line of the file that raised it."""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
    line = _line(error, source)
    return f"{f'line {line}: ' if line else ''}{kind}{' '.join(text.split()) or 'no reason given'}"


def _line(error: BaseException, source: str) -> int | None:
    if isinstance(error, SyntaxError):
        return error.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == source]
    return lines[-1] if lines else None
