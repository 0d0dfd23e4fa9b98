"""Figures of pairs as the scanner's pages write them."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from bots.templatetags.figures import NONE, Number, number_of, plain
from trading.pages.forms_scans import PairQuery

register = template.Library()

LEAST_SHOWN = 0.001
PLACES = 3


@register.filter
def probability(value: Number) -> str:
    """A p- or q-value: three decimals, `< 0.001` below that."""
    number = number_of(value)
    if number is None:
        return NONE
    return f"< {LEAST_SHOWN}" if number < LEAST_SHOWN else plain(number, PLACES)


@register.filter
def ratio(value: Number) -> str:
    """A hedge ratio or its deviation: three decimals."""
    return plain(value, PLACES)


@register.filter
def points(value: Number) -> str:
    """A score of 0 to 100, without decimals."""
    return plain(value, 0)


@register.simple_tag
def pair_sort(query: PairQuery, first: str, word: str) -> SafeString:
    """A column's head. `first`: the order of its first press; a second one turns it, a third goes back to the best."""
    bare = first.removeprefix("-")
    if query.sort.removeprefix("-") != bare:
        return format_html('<a class="sort" href="?{}">{}</a>', query.address(sort=first).rstrip("&"), word)
    turned = "" if query.sort != first else (bare if first.startswith("-") else f"-{bare}")
    mark = "▾" if query.sort.startswith("-") else "▴"
    address = query.address(sort=turned).rstrip("&")
    return format_html(
        '<a class="sort" aria-current="true" href="?{}">{} <span aria-hidden="true">{}</span></a>', address, word, mark
    )
