"""The guide under /help/guide/: which pages there are, in which order, and what each says in a language.

The sources are Markdown, one folder for each language with the same names (`docs/help`). The first line of a page is
its title. A page is rendered once and again when its file has changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from bots.guide.markdown import Rendered, rendered, title_of

FOLDER: Final[Path] = settings.BASE_DIR / "docs" / "help"
DEFAULT_LANGUAGE: Final = "en"
KEPT: Final = 128

CHAPTERS: Final[tuple[tuple[str | Promise, tuple[str, ...]], ...]] = (
    (_("Begin"), ("quick-start", "first-paper-bot", "pair-strategy", "ladder-designer")),
    (_("Trading"), ("going-live", "controls", "alerts")),
    (_("Safety"), ("risk-limits", "protective-stops", "differences", "account-security", "risk-notice")),
    (_("Research"), ("data", "backtests", "searches", "pairs-scanner", "strategies")),
    (_("Run and connect"), ("api", "operation", "adding-a-venue", "troubleshooting")),
)
"""Headings with the names of their pages, as they are read one after the other."""

NAMES: Final = tuple(name for _heading, names in CHAPTERS for name in names)


@dataclass(frozen=True, slots=True)
class Entry:
    """A page as lists show it."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class GuidePage:
    name: str
    content: Rendered
    before: Entry | None
    after: Entry | None


def language_of_reader() -> str:
    """The active language where the guide has it, else English."""
    language = get_language() or DEFAULT_LANGUAGE
    return language if (FOLDER / language).is_dir() else DEFAULT_LANGUAGE


def content_of(name: str, language: str) -> Rendered:
    """Raises KeyError for a page that the guide does not have."""
    path = _path(name, language)
    return _content(path, path.stat().st_mtime_ns)


def guide_page(name: str, language: str) -> GuidePage:
    """Raises KeyError for a page that the guide does not have."""
    content = content_of(name, language)
    place = NAMES.index(name)
    before = entry_of(NAMES[place - 1], language) if place else None
    after = entry_of(NAMES[place + 1], language) if place + 1 < len(NAMES) else None
    return GuidePage(name, content, before, after)


def entry_of(name: str, language: str) -> Entry:
    """Reads the title alone: lists of pages need not wait until all are rendered."""
    path = _path(name, language)
    return Entry(name, _title(path, path.stat().st_mtime_ns))


def contents(language: str) -> Iterator[tuple[str | Promise, list[Entry]]]:
    """Every heading with its pages."""
    for heading, names in CHAPTERS:
        yield heading, [entry_of(name, language) for name in names]


def _path(name: str, language: str) -> Path:
    if name not in NAMES:
        raise KeyError(name)
    return FOLDER / language / f"{name}.md"


@lru_cache(maxsize=KEPT)
def _title(path: Path, _changed_at: int) -> str:
    with path.open(encoding="utf-8") as file:
        return title_of(file.readline())


@lru_cache(maxsize=KEPT)
def _content(path: Path, _changed_at: int) -> Rendered:
    return rendered(path.read_text(encoding="utf-8"), path.parent.name)
