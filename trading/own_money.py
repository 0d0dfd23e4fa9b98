"""Which lines of the books may be added up: those in the currency that their market settles in (USD coins at par).

A fee in the exchange's own coin stands on a line of its own, in that coin: two BNB are no two dollars.
"""

from typing import Final

from django.db.models import Q, Value
from django.db.models.functions import Concat

_CONTRACT: Final = Q(symbol__endswith=Concat(Value(":"), "currency"))
_SPOT: Final = ~Q(symbol__contains=":") & Q(symbol__endswith=Concat(Value("/"), "currency"))

IN_OWN_MONEY: Final = Q(symbol="") | _CONTRACT | _SPOT
