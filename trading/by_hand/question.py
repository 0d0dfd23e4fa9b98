"""What an order by hand would do now, in figures: for the question that is asked before it is placed."""

from dataclasses import dataclass
from decimal import Decimal

from bots.claims import claim_on
from exchanges import market_data
from exchanges.errors import DomainError
from exchanges.models import ExchangeAccount
from exchanges.registry import venue_of
from trading.by_hand.checks import Wish, checked
from trading.by_hand.orders import claim_words
from trading.core.position import BUY
from trading.core.sizing import MarketRules


@dataclass(frozen=True, slots=True)
class OrderQuestion:
    """`value` at the order's own price, or the book's; `held` now and `held_after`, if all of it fills (signed)."""

    wish: Wish
    rules: MarketRules
    value: Decimal
    fee: Decimal
    held: Decimal
    held_after: Decimal


def order_question(account: ExchangeAccount, wish: Wish) -> OrderQuestion:
    """Changes nothing. Raises ValidationError by field, DomainError for a market of a bot, ExchangeError."""
    value = checked(account, wish)
    claim = claim_on(account, wish.symbol)
    if claim is not None:
        raise DomainError(claim_words(account, claim), "claimed")
    rules = market_data.market_rules(account, wish.symbol)
    positions = venue_of(account).positions()
    held = sum((position.amount for position in positions if position.symbol == wish.symbol), Decimal(0))
    rate = rules.maker_fee if wish.post_only else rules.taker_fee
    return OrderQuestion(wish, rules, value, value * rate, held, _after(wish, held))


def _after(wish: Wish, held: Decimal) -> Decimal:
    after = held + (wish.amount if wish.side == BUY else -wish.amount)
    if not wish.reduce_only:
        return after
    closes = held < 0 if wish.side == BUY else held > 0
    return (Decimal(0) if after * held < 0 else after) if closes else held
