"""The guide: every page in both languages, no dead link, no HTML or style from a source, found by its words."""

import re
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.urls import Resolver404, resolve
from django.utils.translation import override

from bots.guide.contents import FOLDER, NAMES, content_of
from bots.guide.markdown import rendered
from bots.guide.search import found
from bots.tests.factories import make_user
from bots.tests.page_client import PLAIN, client_of, complaints, page_of
from bots.tests.visible_words import sources

LANGUAGES = [code for code, _name in settings.LANGUAGES]
PAGES = [(language, name) for language in LANGUAGES for name in NAMES]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
HREF = re.compile(r'href="([^"]*)"')
SOURCE = re.compile(r'src="([^"]*)"')
NAMED_FILE = re.compile(r"`((?:docs|scripts)/[\w./-]+)`")
SOURCES = list(sources("*.py", "bots", "exchanges", "trading"))


@pytest.fixture(autouse=True)
def plain_static_files(settings):
    """Pictures keep their names without collected static files."""
    settings.STORAGES = settings.STORAGES | {"staticfiles": PLAIN}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_every_page_and_no_other(language):
    assert sorted(path.stem for path in (FOLDER / language).iterdir()) == sorted(NAMES)


def test_no_other_language_is_begun():
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(LANGUAGES)


@pytest.mark.parametrize(("language", "name"), PAGES)
def test_links_lead_somewhere(language, name):
    for link in HREF.findall(content_of(name, language).html):
        path, _mark, anchor = link.partition("#")
        if path.startswith(("https://", "mailto:")):
            continue
        try:
            match = resolve(path) if path else None
        except Resolver404:
            pytest.fail(f"{language}/{name}: {link} leads nowhere")
        if anchor:
            target = match.kwargs["name"] if match else name
            assert f'id="{anchor}"' in content_of(target, language).html, f"{language}/{name}: {link}"


@pytest.mark.parametrize(("language", "name"), PAGES)
def test_pictures_and_named_files_are_there(language, name):
    for source in SOURCE.findall(content_of(name, language).html):
        assert (settings.BASE_DIR / "static" / source.removeprefix(settings.STATIC_URL)).is_file(), source
    for path in NAMED_FILE.findall((FOLDER / language / f"{name}.md").read_text(encoding="utf-8")):
        assert (settings.BASE_DIR / path).exists(), path


@pytest.mark.parametrize("name", NAMES)
def test_the_chinese_page_says_as_much(name):
    """Written in Chinese, with the same sections, tables and commands."""
    english, chinese = (content_of(name, language) for language in ("en", "zh-hans"))
    assert CHINESE.search(chinese.title)
    assert len(chinese.headings) == len(english.headings)
    for tag in ("<table>", "<tr>", "<pre>", "<img"):
        assert chinese.html.count(tag) == english.html.count(tag), tag
    assert all(CHINESE.search(section.text) for section in chinese.sections)


@pytest.mark.parametrize("name", NAMES)
def test_nobody_shouts(name):
    for language in LANGUAGES:
        assert not re.search(r"[a-z\u4e00-\u9fff][!！]", (FOLDER / language / f"{name}.md").read_text(encoding="utf-8"))


def test_html_of_a_source_is_text():
    html = rendered("# Title\n<script>alert(1)</script>\n\nA <b onclick=x>word</b>\n").html
    assert "<script" not in html
    assert "<b " not in html
    assert "&lt;script&gt;" in html


def test_columns_are_aligned_without_a_style():
    html = rendered("# Title\n\n| a | b |\n|---|---:|\n| 1 | 2 |\n").html
    assert 'align="right"' in html
    assert "style" not in html


def test_a_page_begins_with_its_title():
    with pytest.raises(ValueError, match="title"):
        rendered("No title\n")


def test_a_changed_file_is_read_again(tmp_path, monkeypatch):
    (tmp_path / "en").mkdir()
    path: Path = tmp_path / "en" / "quick-start.md"
    path.write_text("# One\n\nFirst.\n")
    monkeypatch.setattr("bots.guide.contents.FOLDER", tmp_path)
    assert content_of("quick-start", "en").title == "One"
    path.write_text("# Two\n\nSecond, and longer.\n")
    assert content_of("quick-start", "en").title == "Two"


@pytest.mark.parametrize(
    ("query", "language", "expected"),
    [("kill switch", "en", "controls"), ("止损", "zh-hans", "protective-stops"), ("KELLY", "en", "strategies")],
)
def test_pages_are_found_by_their_words(query, language, expected):
    hits = found(query, language)
    assert expected in [hit.name for hit in hits]
    assert any(is_word for hit in hits for _text, is_word in hit.pieces)


@pytest.mark.parametrize("query", ["", "   ", "nothing of that kind zzz"])
def test_what_is_not_there_is_not_found(query):
    assert found(query, "en") == []


def test_all_words_have_to_be_there():
    assert found("ladder zzzz", "en") == []


@pytest.mark.django_db
def test_pages_for_visitors_and_users_in_their_language():
    user = make_user(language="zh-hans")
    assert content_of("quick-start", "zh-hans").title in page_of(user, "/help/guide/quick-start")
    response = client_of().get("/help/guide/quick-start")
    assert response.status_code == 200
    assert content_of("quick-start", "en").title in response.content.decode()
    assert not complaints(response.content.decode())


@pytest.mark.django_db
def test_every_page_is_sound():
    client = client_of()
    for name in NAMES:
        response = client.get(f"/help/guide/{name}")
        assert response.status_code == 200
        assert not complaints(response.content.decode()), name


@pytest.mark.django_db
def test_an_unknown_page_is_not_found():
    assert client_of().get("/help/guide/no-such-page").status_code == 404


@pytest.mark.django_db
def test_the_search_page_shows_what_was_asked_and_escapes_it():
    html = page_of(make_user(), "/help/guide/?q=ladder")
    assert "<mark>" in html
    html = page_of(make_user(), "/help/guide/?q=<script>x")
    assert "<script>x" not in html
    assert client_of().get("/help/guide/?q=").headers["Location"] == "/help/"


@pytest.mark.django_db
def test_the_help_begins_with_the_contents_of_the_guide():
    with override("en"):
        html = page_of(make_user(), "/help/")
    for name in NAMES:
        assert f'href="/help/guide/{name}"' in html


def messages_quoted(language):
    """Fixed parts of what stands in the first column under the headings that quote the program."""
    page = (FOLDER / language / "troubleshooting.md").read_text(encoding="utf-8")
    sections = page.split("\n## ")[1:5]
    cells = [line.split("|")[1].strip() for part in sections for line in part.splitlines() if line.startswith("| ")]
    headings = {part.split("\n| ")[1].split(" |")[0] for part in sections}
    parts = [part.strip() for cell in cells if cell not in headings for part in re.split(r"…+", cell)]
    return [part for part in parts if len(part) > 4 and part not in NOT_QUOTED]


NOT_QUOTED = {"no line at all for minutes", "几分钟没有任何记录"}


def test_troubleshooting_quotes_what_the_program_says():
    said = re.sub(r'"\s*\n\s*"', "", "\n".join(path.read_text() for path in SOURCES))
    assert [part for part in messages_quoted("en") if part not in said] == []


def test_troubleshooting_quotes_the_chinese_catalogue():
    catalogue = polib.pofile(str(settings.BASE_DIR / "locale/zh_Hans/LC_MESSAGES/django.po"))
    said = re.sub(r"\s*(%\(\w+\)[sd]|\{[^}]*\})\s*", "…", "\n".join(entry.msgstr for entry in catalogue))
    assert [part for part in messages_quoted("zh-hans") if part not in said] == []
