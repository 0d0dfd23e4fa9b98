"""What an account holds at this moment, as its venue says it, and whose it is by our books."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bots.claims import venue_account_of
from bots.models import Bot, SymbolClaim
from exchanges.adapters.base import Balance, VenuePosition
from exchanges.models import ExchangeAccount
from exchanges.registry import venue_of
from trading.by_hand.account_orders import OrderLine, orders_open


@dataclass(frozen=True, slots=True)
class HeldPosition:
    """`bot` is None for what was opened by hand, here or elsewhere."""

    position: VenuePosition
    bot: Bot | None


@dataclass(frozen=True, slots=True)
class AccountNow:
    clock: datetime
    balance: Balance
    positions: Sequence[HeldPosition]
    orders: Sequence[OrderLine]


def account_now(account: ExchangeAccount) -> AccountNow:
    """Raises ExchangeError."""
    venue, owners = venue_of(account), claimed_by(account)
    held = [HeldPosition(position, owners.get(position.symbol)) for position in venue.positions()]
    return AccountNow(venue.clock(), venue.balance(), held, orders_open(account))


def claimed_by(account: ExchangeAccount) -> dict[str, Bot]:
    """The owner's bots by symbol."""
    claims = SymbolClaim.objects.filter(venue_account=venue_account_of(account), bot__owner=account.owner_id)
    return {claim.symbol: claim.bot for claim in claims.select_related("bot")}
