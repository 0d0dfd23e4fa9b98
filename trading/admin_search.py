"""What is searched for among millions of rows of the past: found by indexes, never by reading all of them."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.admin_parts import LookOnly
from bots.models import Bot

BOTS_MOST = 2_000


class Past(LookOnly):
    """The first word is looked for: the name of a bot or its owner, a part of a market's name, or one of `whole`, which
    have an index and are typed in full. `of_bot` leads to the bot, "" where there is none."""

    search_fields = ["pk"]  # shows the box
    whole: tuple[str, ...] = ()
    of_bot = "bot"
    has_symbol = True

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        words = search_term.replace("\0", "").split()
        return (queryset.filter(self._of(words[0])), False) if words else (queryset, False)

    def _of(self, word: str) -> Q:
        found = Q(pk__in=[])
        for name in self.whole:
            found |= Q(**{name: word})
        named = Bot.objects.filter(Q(bot_name__icontains=word) | Q(owner__username__iexact=word))
        bots = set(_ids(named))
        symbols, traders = _traded(word)
        if self.has_symbol:
            found |= Q(symbol__in=symbols) & Q(**{f"{self.of_bot}__in": traders})
        else:
            bots |= set(traders)
        return found | Q(**{f"{self.of_bot}__in": bots})


def _ids(bots: QuerySet[Bot]) -> list[int]:
    return list(bots.order_by("-pk").values_list("pk", flat=True)[:BOTS_MOST])


def _traded(word: str) -> tuple[list[str], list[int]]:
    """Symbols of which this is a part, and the bots that trade them."""
    part = word.upper().replace("-", "/")
    rows = Bot.objects.filter(Q(market1_symbol__contains=part) | Q(market2_symbol__contains=part)).order_by("-pk")
    found = list(rows.values_list("pk", "market1_symbol", "market2_symbol")[:BOTS_MOST])
    symbols = {symbol for _pk, *pair in found for symbol in pair if part in symbol}
    return sorted(symbols), [pk for pk, *_pair in found]
