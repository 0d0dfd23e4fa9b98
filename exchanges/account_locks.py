"""What must happen one after the other on one account: starts of bots, orders by hand, fills of such orders."""

from collections.abc import Iterable

from exchanges.models import ExchangeAccount


def accounts_lock(account_ids: Iterable[int]) -> None:
    """Until the transaction ends; rows that point to the account can still be written by others."""
    ordered = ExchangeAccount.objects.select_for_update(no_key=True).filter(pk__in=set(account_ids)).order_by("pk")
    list(ordered.values_list("pk", flat=True))
