"""The Chinese catalogue says everything, with the same places for figures, and ends its sentences in its own way; and
what users read is marked for it, in programs, templates and scripts."""

import re

import polib
import pytest
from django.conf import settings

from bots.tests.visible_words import marked_in_programs, marked_in_templates, sentences_in, sources, unmarked_in

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


@pytest.mark.parametrize("marked", [marked_in_programs, marked_in_templates])
def test_every_marked_word_is_in_the_catalogue(marked):
    known = {(entry.msgctxt or "", entry.msgid) for entry in CATALOGUE if not entry.obsolete}
    found = list(marked())
    assert len(found) > 1000
    assert {f"{path.name}: {message[1]}" for path, message in found if message not in known} == set()


def test_templates_show_nothing_unmarked():
    found = {path.name: unmarked_in(path.read_text(encoding="utf-8")) for path in sources("*.html", "templates")}
    assert {name: words for name, words in found.items() if words} == {}


def test_scripts_hold_no_sentences_of_their_own():
    found = {path.name: sentences_in(path.read_text(encoding="utf-8")) for path in sources("*.js", "static/js")}
    assert {name: words for name, words in found.items() if words} == {}


def test_what_is_not_marked_is_found():
    assert unmarked_in('<p title="Hello there">{% translate "Known" %} unknown words {{ figure }}</p>') == [
        "Hello there",
        "unknown words",
    ]
    assert sentences_in('// No words here\nbox.textContent = "Nothing was traded.";') == ["Nothing was traded."]
