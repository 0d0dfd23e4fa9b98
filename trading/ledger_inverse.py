"""Part of the books: lines in the coin of an inverse contract, which are no money until they are valued."""

from typing import Final

from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Concat

from trading.models import LedgerLine

IN_COINS: Final = Q(
    bot=None, symbol__startswith=Concat("currency", Value("/")), symbol__contains=Concat(Value(":"), "currency")
)
"""Nobody but hands trades inverse contracts."""


SETTLES_IN_ITS_COIN: Final = Q(symbol__regex=r"^([A-Z0-9]+)/[^:]+:\1(-|$)")
FILL_WORTH: Final = Case(When(SETTLES_IN_ITS_COIN, then=F("amount") / F("price")), default=F("amount") * F("price"))
"""Of fills, in what their market settles in."""


def in_money(lines: QuerySet[LedgerLine]) -> list[tuple[QuerySet[LedgerLine], F | CombinedExpression]]:
    """The lines in two parts, each with what a line is worth: coins at the price of their fill."""
    coins = lines.filter(IN_COINS, fill__isnull=False)
    return [(lines.exclude(IN_COINS), F("amount")), (coins, F("amount") * F("fill__price"))]
