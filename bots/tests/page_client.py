"""A browser without scripts for the tests of pages, and what must hold of every page that it gets."""

from html.parser import HTMLParser
from typing import Any

from django.conf import settings
from django.test import Client, override_settings

from accounts.models import User

PLAIN = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
NEEDS_LABEL = {"input", "select", "textarea"}
SELF_NAMED = {"hidden", "submit", "button", "image", "reset"}


class PageClient(Client):
    """Needs no collected static files."""

    def request(self, **request: Any) -> Any:
        with override_settings(STORAGES=settings.STORAGES | {"staticfiles": PLAIN}):
            return super().request(**request)


def client_of(user: User | None = None) -> PageClient:
    client = PageClient()
    if user:
        client.force_login(user)
    return client


def page_of(user: User, path: str, status: int = 200) -> str:
    """The page's HTML, sound by `complaints`."""
    response = client_of(user).get(path)
    assert response.status_code == status, f"{path}: {response.status_code}"
    html = response.content.decode()
    found = complaints(html)
    assert not found, (path, found)
    return html


def complaints(html: str) -> list[str]:
    """What a strict content policy or a screen reader would stumble over."""
    reader = _Reader()
    reader.feed(html)
    return reader.found()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.labels: set[str] = set()
        self.fields: list[dict[str, str | None]] = []
        self.headings = 0
        self.language = ""
        self.open: list[tuple[str, str]] = []
        self.in_template = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self._check_policy(tag, values)
        if tag == "html":
            self.language = values.get("lang") or ""
        self.in_template += tag == "template"
        if values.get("id") and not self.in_template:
            self.ids.append(values["id"] or "")
        self.headings += tag == "h1"
        if tag == "label":
            self.labels.add(values.get("for") or "")
        inside_label = any(name == "label" for name, _ in self.open)
        if tag in NEEDS_LABEL and values.get("type") not in SELF_NAMED and not inside_label:
            self.fields.append(values)
        if tag not in VOID:
            self.open.append((tag, values.get("aria-label") or values.get("title") or ""))

    def handle_endtag(self, tag: str) -> None:
        self.in_template -= tag == "template"
        if not self.open:
            return
        name, words = self.open.pop()
        if name in ("a", "button") and not words.strip() and not self.in_template:
            self.wrong.append(f"a {name} without words")
        if words.strip() and self.open:
            outer, known = self.open[-1]
            self.open[-1] = (outer, known + words)

    def handle_data(self, data: str) -> None:
        if self.open and data.strip():
            name, known = self.open[-1]
            self.open[-1] = (name, known + data.strip())

    def _check_policy(self, tag: str, values: dict[str, str | None]) -> None:
        if tag == "style" or "style" in values:
            self.wrong.append(f"inline style on {tag}")
        if tag == "script" and not values.get("src") and values.get("type") != "application/json":
            self.wrong.append("inline script")
        self.wrong += [f"inline handler {name}" for name in values if name.startswith("on")]
        if tag == "img" and "alt" not in values:
            self.wrong.append("a picture without words")

    def found(self) -> list[str]:
        unnamed = [
            f"a field without a label: {field.get('name')}"
            for field in self.fields
            if field.get("id") not in self.labels and not field.get("aria-label")
        ]
        twice = [f"id {name} twice" for name in set(self.ids) if self.ids.count(name) > 1]
        missing = [] if self.language else ["no language"]
        headings = [] if self.headings == 1 else [f"{self.headings} main headings"]
        return [*self.wrong, *unnamed, *twice, *missing, *headings]
