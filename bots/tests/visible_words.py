"""What users can read, found in the sources: marked for translation, or left unmarked."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from django.conf import settings
from django.utils.translation.template import templatize

APPS = ("accounts", "bots", "chainmakes", "exchanges", "trading")
PLAIN = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
WITH_CONTEXT = {"pgettext", "pgettext_lazy", "npgettext", "npgettext_lazy"}
READ_ALOUD = {"title", "alt", "placeholder", "aria-label", "label"}
UNREAD = {"script", "style", "code", "pre", "svg"}
WORD = re.compile(r"[A-Za-z]{3,}")
NAMES = re.compile(r"ChainMakes|USDT|UTC|BTC|English|/start|t?gram")
"""The same in every language."""
TEMPLATE_TAG = re.compile(r"{#.*?#}|{%\s*comment.*?endcomment\s*%}|{%\s*blocktrans.*?endblocktrans\w*\s*%}", re.S)
PAGE_CLASS = re.compile(r"{% block page_class %}.*?{% endblock %}")
REST_OF_TAGS = re.compile(r"{%.*?%}|{{.*?}}", re.S)
SENTENCE = re.compile(r"""(["'`])([A-Z][a-z]+(?: [a-z]+)+[.?]?)\1""")

Message = tuple[str, str]
"""(context, English)."""


def sources(pattern: str, *folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((settings.BASE_DIR / folder).rglob(pattern)):
            if not {"tests", "migrations"} & set(path.parts):
                yield path


def marked_in_programs() -> Iterator[tuple[Path, Message]]:
    for path in sources("*.py", *APPS):
        yield from ((path, message) for message in _marked(path.read_text(encoding="utf-8")))


def marked_in_templates() -> Iterator[tuple[Path, Message]]:
    """Django turns a template into a program that marks the same words."""
    calls = re.compile(r"\b(?:_|n?p?gettext)\(.*?\)(?= |$)", re.S)
    for path in sources("*.*", "templates"):
        for call in calls.findall(templatize(path.read_text(encoding="utf-8"))):
            yield from ((path, message) for message in _marked(call))


def _marked(program: str) -> Iterator[Message]:
    try:
        tree = ast.parse(program)
    except SyntaxError:  # the rest of a template's line
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            texts = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            if node.func.id in PLAIN and texts:
                yield "", texts[0]
            elif node.func.id in WITH_CONTEXT and len(texts) > 1:
                yield texts[0], texts[1]


def unmarked_in(template: str) -> list[str]:
    """Words between the tags, and in what a screen reader says, that no translation is asked for."""
    reader = _Reader()
    reader.feed(REST_OF_TAGS.sub(" ", TEMPLATE_TAG.sub(" ", PAGE_CLASS.sub(" ", template))))
    return reader.found


def sentences_in(script: str) -> list[str]:
    """English sentences that a script holds itself: those that a page shows come with the page, translated."""
    code = re.sub(r"/\*[\s\S]*?\*/|^\s*//.*$|new \w*Error\([^)]*\)", " ", script, flags=re.M)
    return [match[1] for match in SENTENCE.findall(code)]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.within: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNREAD:
            self.within.append(tag)
        for name, value in attrs:
            if name in READ_ALOUD and value:
                self._hear(value)

    def handle_endtag(self, tag: str) -> None:
        if self.within and self.within[-1] == tag:
            self.within.pop()

    def handle_data(self, data: str) -> None:
        if not self.within:
            self._hear(data)

    def _hear(self, text: str) -> None:
        if WORD.search(NAMES.sub(" ", text)):
            self.found.append(" ".join(text.split()))
