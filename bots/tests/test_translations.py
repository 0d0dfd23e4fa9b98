"""The Chinese catalogue says everything, with the same places for figures, and ends its sentences in its own way."""

import re

import polib
import pytest
from django.conf import settings

CATALOGUE = polib.pofile(str(settings.BASE_DIR / "locale/zh_Hans/LC_MESSAGES/django.po"))
PLACES = re.compile(r"%\(\w+\)[sd]|\{[\w:]+\}|%%|<[^>]+>")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def words(entry):
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def test_nothing_is_left_untranslated():
    assert [entry.msgid for entry in CATALOGUE if entry.fuzzy or entry.obsolete or not all(words(entry))] == []


def test_figures_keep_their_places():
    wrong = [
        entry.msgid
        for entry in CATALOGUE
        if any(sorted(PLACES.findall(text)) != sorted(PLACES.findall(entry.msgid)) for text in words(entry))
    ]
    assert wrong == []


@pytest.mark.parametrize("mark", ["!", "！"])
def test_nobody_shouts(mark):
    assert [entry.msgid for entry in CATALOGUE if any(mark in text for text in [entry.msgid, *words(entry)])] == []


def test_chinese_sentences_end_and_pause_in_full_width():
    half = re.compile(r"[\u4e00-\u9fff][,;?]|[\u4e00-\u9fff]\.$")
    assert [text for entry in CATALOGUE for text in words(entry) if CHINESE.search(text) and half.search(text)] == []
