"""Fields of the bot form: each with its label, its unit, its hint and what is wrong with it."""

from decimal import Decimal
from typing import Any

from django import template
from django.template.context import RequestContext
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bots.templatetags.figures import NONE, number_of, plain
from bots.timeframe_words import TIMEFRAME_WORDS

register = template.Library()

LARGE = ((Decimal("1e9"), _("%(n)s B")), (Decimal("1e6"), _("%(n)s M")), (Decimal("1e3"), _("%(n)s K")))


@register.filter
def short_number(value: Any) -> str:
    """`16.9 M`."""
    number = number_of(value)
    if number is None:
        return NONE
    for least, words in LARGE:
        if abs(number) >= least:
            return str(words) % {"n": plain(number / least, 1)}
    return plain(number, 0)


@register.filter
def hours(value: float) -> str:
    """`17.2 h`."""
    return gettext("%(n)s h") % {"n": plain(value, 1)}


@register.filter
def timeframe_word(name: str) -> str:
    """`5 min`."""
    return str(TIMEFRAME_WORDS[name])


@register.filter
def item(mapping: dict[str, Any] | None, key: str) -> Any:
    return mapping.get(key) if mapping else None


@register.inclusion_tag("bots/parts/field_number.html", takes_context=True)
def number_field(
    context: RequestContext, name: str, label: str, unit: str = "", hint: str = "", *, is_bare: bool = False
) -> dict[str, Any]:
    """`is_bare`: what is wrong with it is said elsewhere (`problems_of`)."""
    return _field(context, name, label) | {"unit": unit, "hint": hint, "is_bare": is_bare}


@register.inclusion_tag("bots/parts/field_problems.html", takes_context=True)
def problems_of(context: RequestContext, name: str) -> dict[str, Any]:
    return _field(context, name, "")


@register.inclusion_tag("bots/parts/field_segments.html", takes_context=True)
def segments_field(context: RequestContext, name: str, label: str, hint: str = "") -> dict[str, Any]:
    return _field(context, name, label) | {"choices": context["view"].choices[name], "hint": hint}


@register.inclusion_tag("bots/parts/field_select.html", takes_context=True)
def select_field(context: RequestContext, name: str, label: str, hint: str = "") -> dict[str, Any]:
    return _field(context, name, label) | {"choices": context["view"].choices[name], "hint": hint}


@register.inclusion_tag("bots/parts/field_flag.html", takes_context=True)
def flag_field(context: RequestContext, name: str, label: str) -> dict[str, Any]:
    return _field(context, name, label)


def _field(context: RequestContext, name: str, label: str) -> dict[str, Any]:
    form = context["form"]
    return {
        "name": name,
        "label": label,
        "value": form.values.get(name, ""),
        "errors": form.errors.get(name, []),
        "warnings": context["view"].warnings.get(name, []),
        "is_locked": name in form.locked,
    }
