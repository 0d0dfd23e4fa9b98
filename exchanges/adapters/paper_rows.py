"""The end of a paper account's books."""

from django.db import transaction

from exchanges.paper_models import PaperFill, PaperFunding, PaperOrder, PaperPosition, PaperWallet


def erase(account_id: int) -> None:
    """Everything that the paper venue knows of an account that was deleted."""
    with transaction.atomic(using="paper"):
        for rows in (PaperFill, PaperOrder, PaperPosition, PaperFunding, PaperWallet):
            rows.objects.filter(account_id=account_id).delete()
