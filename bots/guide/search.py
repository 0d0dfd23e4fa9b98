"""Finding in the guide: by all words that were typed, in titles, headings and text."""

from dataclasses import dataclass
from typing import Final

from bots.guide.contents import NAMES, content_of
from bots.guide.markdown import Section

MOST: Final = 20
BEFORE: Final = 60
AROUND: Final = 180
TITLE, HEADING, TEXT = 3, 2, 1
LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class Hit:
    """`pieces` is the text around the words: (text, whether it is one of them)."""

    name: str
    title: str
    anchor: str
    heading: str
    pieces: list[tuple[str, bool]]


def found(query: str, language: str) -> list[Hit]:
    """Best first; nothing for an empty query."""
    words = query[:LONGEST].casefold().split()
    if not words:
        return []
    ranked = [(rank, hit) for name in NAMES for rank, hit in _in_page(name, language, words)]
    ranked.sort(key=lambda each: -each[0])
    return [hit for _rank, hit in ranked[:MOST]]


def _in_page(name: str, language: str, words: list[str]) -> list[tuple[int, Hit]]:
    page = content_of(name, language)
    hits = []
    for section in page.sections:
        rank = _rank(page.title, section, words)
        if rank:
            hits.append((rank, Hit(name, page.title, section.anchor, section.heading, _pieces(section.text, words))))
    return hits


def _rank(title: str, section: Section, words: list[str]) -> int:
    """0 unless every word stands in the section; a title counts for the section that begins its page."""
    title = "" if section.anchor else title.casefold()
    heading, text = section.heading.casefold(), section.text.casefold()
    total = 0
    for word in words:
        score = TITLE * (word in title) + HEADING * (word in heading) + TEXT * (word in text)
        if not score:
            return 0
        total += score
    return total


def _word_after(text: str, place: int, most: int) -> int:
    """The begin of the first word between both places; where no space is, as in Chinese, the first place."""
    if place <= 0:
        return 0
    space = text.find(" ", place, most)
    return space + 1 if space >= 0 else place


def _pieces(text: str, words: list[str]) -> list[tuple[str, bool]]:
    """The text around the first word that it has, cut into what is a word and what stands between."""
    folded = text.casefold()
    if len(folded) != len(text):
        return [(text[:AROUND], False)]
    first = min((place for word in words if (place := folded.find(word)) >= 0), default=0)
    begin = _word_after(text, first - BEFORE, first)
    end = min(begin + AROUND, len(text))
    pieces: list[tuple[str, bool]] = [("…", False)] if begin else []
    while begin < end:
        nexts = [(place, len(word)) for word in words if (place := folded.find(word, begin, end)) >= 0]
        if not nexts:
            pieces.append((text[begin:end], False))
            break
        place, length = min(nexts, key=lambda each: (each[0], -each[1]))
        pieces += [(text[begin:place], False), (text[place : place + length], True)]
        begin = place + length
    return [*((piece, is_word) for piece, is_word in pieces if piece), *([("…", False)] if end < len(text) else [])]
