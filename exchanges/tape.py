"""The tape of a stepped replay: bots that settled a bar ask for the next one."""

from decimal import Decimal

from exchanges.adapters.paper_stepped import Bar, SteppedPaperVenue
from exchanges.models import ExchangeAccount, PaperSource
from exchanges.registry import venue_of

__all__ = ["Bar", "advance", "bar", "is_stepped"]


def is_stepped(account: ExchangeAccount) -> bool:
    if not (account.is_paper and account.paper_source == PaperSource.REPLAY):
        return False
    return Decimal(account.paper_config.get("speed", 1)) == 0


def bar(account: ExchangeAccount) -> Bar:
    """The bar on which the tape stands. Raises Unavailable for an empty recording."""
    return _venue(account).bar()


def advance(account: ExchangeAccount, *, expected_index: int) -> bool:
    """Moves on by one bar if the tape stands at the expected one; False at its end, or when somebody else was faster.

    Orders of the bar before meet the new bar's open; resting ones are matched within it.
    """
    return _venue(account).advance(expected_index=expected_index)


def _venue(account: ExchangeAccount) -> SteppedPaperVenue:
    venue = venue_of(account)
    if not isinstance(venue, SteppedPaperVenue):
        raise TypeError(f"account {account.pk} is not a stepped replay")
    return venue
