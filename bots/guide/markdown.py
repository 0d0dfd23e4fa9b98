"""Markdown of the guide as HTML, and its sections as plain text for the search.

HTML in a source is shown as text, a link to `other-page.md` becomes that page's address, and nothing carries a style.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Final
from xml.etree.ElementTree import Element  # built, never parsed  # nosec B405

from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import strip_tags
from django.utils.safestring import SafeString
from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.tables import TableExtension
from markdown.extensions.toc import TocExtension, slugify_unicode
from markdown.treeprocessors import Treeprocessor

SUFFIX: Final = ".md"
PICTURES: Final = "img/help/"
SECTION: Final = "h2"
APART: Final = frozenset({"li", "p", "td", "th", "tr", "thead", "tbody", "br"})


@dataclass(frozen=True, slots=True)
class Section:
    """`anchor` is empty for what stands before the first heading."""

    anchor: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """`headings` are (anchor, words) of the second order."""

    title: str
    html: SafeString
    headings: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]


def rendered(source: str, language: str = "en") -> Rendered:
    """Pictures show the program in `language`. Raises ValueError for a page that does not begin with its title."""
    first, _line, body = source.partition("\n")
    title = title_of(first)
    reader = _GuideExtension(language)
    extensions = [
        "fenced_code",
        "sane_lists",
        TableExtension(use_align_attribute=True),
        TocExtension(slugify=slugify_unicode, toc_depth="2-3"),
        reader,
    ]
    html = Markdown(extensions=extensions, output_format="html").convert(body)
    headings = tuple((section.anchor, section.heading) for section in reader.sections if section.anchor)
    return Rendered(title, SafeString(html), headings, tuple(reader.sections))  # our own files  # nosec B703


def title_of(line: str) -> str:
    """Raises ValueError for a first line that is no title."""
    if not line.startswith("# "):
        raise ValueError("A page of the guide begins with its title: # …")
    return line[2:].strip()


class _GuideExtension(Extension):
    def __init__(self, language: str) -> None:
        super().__init__()
        self.language = language
        self.sections: list[Section] = []

    def extendMarkdown(self, md: Markdown) -> None:
        md.preprocessors.deregister("html_block")
        md.inlinePatterns.deregister("html")
        md.treeprocessors.register(_Addresses(md, self.language), "guide_addresses", 2)
        md.treeprocessors.register(_Reader(md, self), "guide_reader", 1)


class _Addresses(Treeprocessor):
    """Links between pages, pictures, and tables that can be pushed sideways on a phone."""

    def __init__(self, md: Markdown, language: str) -> None:
        super().__init__(md)
        self.language = language

    def run(self, root: Element) -> None:
        for link in root.iter("a"):
            link.set("href", page_address(link.get("href", "")))
        for picture in root.iter("img"):
            picture.set("src", static(f"{PICTURES}{self.language}/{picture.get('src', '')}"))
            picture.set("loading", "lazy")
        for place, table in [(place, each) for place, each in enumerate(root) if each.tag == "table"]:
            frame = Element("div", {"class": "prose-table", "tabindex": "0", "role": "region"})
            frame.set("aria-label", _words_of(table.find("thead")))
            frame.append(table)
            root[place] = frame


class _Reader(Treeprocessor):
    """Notes what each section says."""

    def __init__(self, md: Markdown, extension: _GuideExtension) -> None:
        super().__init__(md)
        self.extension = extension

    def run(self, root: Element) -> None:
        anchor, heading, texts = "", "", []  # type: str, str, list[str]
        for element in root:
            if element.tag == SECTION:
                self._keep(anchor, heading, texts)
                anchor, heading, texts = element.get("id", ""), self._text(element), []
                continue
            texts.append(self._text(element))
        self._keep(anchor, heading, texts)

    def _keep(self, anchor: str, heading: str, texts: list[str]) -> None:
        text = " ".join(filter(None, texts))
        if heading or text:
            self.extension.sections.append(Section(anchor, heading, text))

    def _text(self, element: Element) -> str:
        return " ".join(self._unstashed(_words_of(element)).split())

    def _unstashed(self, text: str) -> str:
        """Fenced code is put aside as HTML until the end; the search reads it, too."""
        for place, block in enumerate(self.md.htmlStash.rawHtmlBlocks):
            mark = self.md.htmlStash.get_placeholder(place)
            if mark in text:
                text = text.replace(mark, _without_tags(str(block)))
        return text


def page_address(link: str) -> str:
    """`other-page.md#section` as the page's address; anything else as it is."""
    name, mark, anchor = link.partition("#")
    if not name.endswith(SUFFIX) or "/" in name:
        return link
    return reverse("help-page", args=[name.removesuffix(SUFFIX)]) + mark + anchor


def _words_of(element: Element | None) -> str:
    return "" if element is None else " ".join("".join(_pieces(element)).split())


def _pieces(element: Element) -> Iterator[str]:
    """The text of an element; parts that stand apart on the page stand apart here, too."""
    yield element.text or ""
    for child in element:
        yield from _pieces(child)
        yield " " if child.tag in APART else ""
        yield child.tail or ""


def _without_tags(html: str) -> str:
    return unescape(strip_tags(html))
