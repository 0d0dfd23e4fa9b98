"""Money adds up (reliability.md, invariant 9), as one sum that can be shown: why an account's equity is what it is."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Sum

from exchanges.models import ExchangeAccount
from trading.models import EquitySnapshot, LineKind
from trading.reconciliation.money import wallet_lines


@dataclass(frozen=True, slots=True)
class Equation:
    """Between two snapshots, in `currency`, to the last unit:

    equity_change = realised + unrealised_change + fees + funding + transfers + adjustments + rest.
    Fees are negative when paid; those in another coin left that coin's wallet and are no part of it. `rest` is what no
    line explains: a booking between a snapshot and its full minute, or a difference that nobody has settled.
    """

    currency: str
    since: datetime
    until: datetime
    equity_change: Decimal
    unrealised_change: Decimal
    realised: Decimal
    fees: Decimal
    funding: Decimal
    transfers: Decimal
    adjustments: Decimal

    @property
    def rest(self) -> Decimal:
        explained = self.realised + self.unrealised_change + self.fees + self.funding
        return self.equity_change - explained - self.transfers - self.adjustments


def equation(account: ExchangeAccount, since: datetime) -> Equation | None:
    """From the first snapshot at or after `since` to the newest; None while there are no two of one currency."""
    rows = EquitySnapshot.objects.filter(account=account, at__gte=since)
    first = rows.order_by("at").first()
    last = rows.filter(currency=first.currency).order_by("-at").first() if first else None
    if first is None or last is None or last.at == first.at:
        return None
    lines = wallet_lines(account).filter(currency=first.currency)
    between = lines.filter(created_at__gte=first.at, created_at__lt=last.at).order_by()
    sums = dict(between.values_list("kind").annotate(Sum("amount")))
    zero = Decimal(0)
    return Equation(
        currency=first.currency,
        since=first.at,
        until=last.at,
        equity_change=last.equity - first.equity,
        unrealised_change=(last.equity - last.balance) - (first.equity - first.balance),
        realised=sums.get(LineKind.REALISED, zero),
        fees=sums.get(LineKind.FEE, zero),
        funding=sums.get(LineKind.FUNDING, zero),
        transfers=sums.get(LineKind.TRANSFER, zero),
        adjustments=sums.get(LineKind.ADJUSTMENT, zero),
    )
