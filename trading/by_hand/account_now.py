"""What an account holds at this moment, as its venue says it, and whose it is by our books."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bots.claims import venue_account_of
from bots.models import Bot, SymbolClaim
from exchanges.adapters.base import Balance, CoinBalance, VenuePosition
from exchanges.adapters.venues import Kind
from exchanges.balances import wallet_of
from exchanges.limits import unhurried
from exchanges.models import ExchangeAccount
from exchanges.registry import desks_of
from trading.by_hand.account_orders import OrderLine, orders_open


@dataclass(frozen=True, slots=True)
class HeldPosition:
    """`bot` is None for what was opened by hand, here or elsewhere."""

    position: VenuePosition
    bot: Bot | None


@dataclass(frozen=True, slots=True)
class AccountNow:
    """`coins`: what a spot wallet holds, its money among them; empty for contracts. `symbols` can be traded by hand."""

    clock: datetime
    balance: Balance
    positions: Sequence[HeldPosition]
    coins: Sequence[CoinBalance]
    orders: Sequence[OrderLine]
    symbols: Sequence[str]


@unhurried()
def account_now(account: ExchangeAccount, kind: Kind = "swap") -> AccountNow:
    """Of its markets of one kind. Raises DomainError for a kind that is not traded there, ExchangeError."""
    desks, owners = desks_of(account, kind), claimed_by(account)
    return AccountNow(
        clock=desks[0].clock(),
        balance=desks[0].balance(),
        positions=[
            HeldPosition(position, owners.get(position.symbol)) for desk in desks for position in desk.positions()
        ],
        coins=wallet_of(account, kind).coins if kind == "spot" else [],
        orders=orders_open(account, kind=kind),
        symbols=sorted(symbol for desk in desks for symbol in desk.markets()),
    )


def claimed_by(account: ExchangeAccount) -> dict[str, Bot]:
    """The owner's bots by symbol."""
    claims = SymbolClaim.objects.filter(venue_account=venue_account_of(account), bot__owner=account.owner_id)
    return {claim.symbol: claim.bot for claim in claims.select_related("bot")}
