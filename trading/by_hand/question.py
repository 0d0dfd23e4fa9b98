"""What an order by hand would do now, in figures: for the question that is asked before it is placed."""

from dataclasses import dataclass
from decimal import Decimal

from bots.claims import claim_on
from exchanges.balances import wallet_of
from exchanges.errors import DomainError
from exchanges.models import ExchangeAccount
from exchanges.registry import venue_for
from exchanges.symbols import base_of, is_inverse
from trading.by_hand.checks import Wish, checked, price_of, rules_by_hand
from trading.by_hand.orders import claim_words
from trading.core.position import BUY, ledger_value
from trading.core.sizing import MarketRules
from trading.ledger_spot import is_spot


@dataclass(frozen=True, slots=True)
class OrderQuestion:
    """`value` at the order's own price, or the book's, in quote currency; `fee` in what the market settles in; `held`
    now and `held_after`, if all of it fills (signed)."""

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
    rules = rules_by_hand(account, wish.symbol)
    held = _held(account, wish.symbol)
    rate = rules.maker_fee if wish.post_only else rules.taker_fee
    fee = ledger_value(value * rate, 1 / price_of(account, wish)) if is_inverse(wish.symbol) else value * rate
    return OrderQuestion(wish, rules, value, fee, held, _after(wish, held))


def _held(account: ExchangeAccount, symbol: str) -> Decimal:
    """Of a position, or of the coins in the wallet. Raises ExchangeError."""
    if is_spot(symbol):
        coins = wallet_of(account, "spot").coins
        return sum((coin.total for coin in coins if coin.currency == base_of(symbol)), Decimal(0))
    positions = venue_for(account, symbol).positions()
    return sum((position.amount for position in positions if position.symbol == symbol), Decimal(0))


def _after(wish: Wish, held: Decimal) -> Decimal:
    after = held + (wish.amount if wish.side == BUY else -wish.amount)
    if not wish.reduce_only:
        return after
    closes = held < 0 if wish.side == BUY else held > 0
    return (Decimal(0) if after * held < 0 else after) if closes else held
