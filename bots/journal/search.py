"""Finding lines in a journal: by kind, event, text and time."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from bots.journal.words import MESSAGES, REASONS
from bots.models import Bot
from trading.models import TradeLog

TEXT_MAX = 100
_FIGURE = re.compile(r"\{[^}]*\}")
_SEARCHED = ("message", "details__symbol", "details__reason")


def with_code(lines: QuerySet[TradeLog], code: str) -> QuerySet[TradeLog]:
    return lines.filter(details__code=code)


def with_text(lines: QuerySet[TradeLog], text: str) -> QuerySet[TradeLog]:
    """Every word, in English as it is kept or in the reader's language: there by the sentence without its figures."""
    for word in text[:TEXT_MAX].split():
        anywhere = reduce(or_, (Q(**{f"{name}__icontains": word}) for name in _SEARCHED))
        lines = lines.filter(
            anywhere
            | Q(details__code__in=_codes_with(word, MESSAGES))
            | Q(details__reason__in=_codes_with(word, REASONS))
        )
    return lines


def between(lines: QuerySet[TradeLog], since: datetime | None, until: datetime | None) -> QuerySet[TradeLog]:
    """By the time of writing; `until` is not part of it."""
    if since is not None:
        lines = lines.filter(created_at__gte=since)
    return lines if until is None else lines.filter(created_at__lt=until)


def events_of(bot: Bot) -> list[tuple[str, str]]:
    """(code, sentence without figures) of everything that this journal tells, in the order of the sentences."""
    told = TradeLog.objects.filter(bot=bot).order_by().values_list("details__code", flat=True).distinct()
    return sorted(((code, event(code)) for code in told if code in MESSAGES), key=lambda pair: pair[1])


def event(code: str) -> str:
    return _FIGURE.sub("…", str(MESSAGES[code]))


def _codes_with(word: str, sentences: Mapping[str, object]) -> list[str]:
    return [code for code, text in sentences.items() if word.casefold() in _FIGURE.sub("", str(text)).casefold()]
