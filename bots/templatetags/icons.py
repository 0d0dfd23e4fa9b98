"""Tabler's outline icons as inline SVG, read from the installed package."""

import re
from functools import cache

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

_DRAWING = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


@cache
def _drawing(name: str) -> SafeString:
    """The icon's paths. Raises FileNotFoundError for an unknown name; empty where front-end files are not installed."""
    if not settings.TABLER_ICONS_DIR.is_dir():
        return mark_safe("")  # empty  # nosec B308
    found = _DRAWING.search((settings.TABLER_ICONS_DIR / f"{name}.svg").read_text())
    return mark_safe(re.sub(r"\s+", " ", found.group(1)).strip() if found else "")  # a file of ours  # nosec B308 B703


@register.simple_tag
def icon(name: str, size: str = "") -> str:
    """`size`: "s", "l" or "xl". Decoration only: the words beside it, or the button's label, say what is meant."""
    return format_html(
        '<svg class="icon{}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
        'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">{}</svg>',
        f" icon-{size}" if size else "",
        _drawing(name),
    )
