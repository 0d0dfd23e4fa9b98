"""What an order by hand asks for, held against the rules of its market, in a trader's words."""

from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from bots.amounts import grouped, grouped_exact
from exchanges.models import ExchangeAccount
from exchanges.registry import venue_for
from exchanges.symbols import amount_currency, is_inverse, short
from trading.core.position import BUY
from trading.core.sizing import MarketRules
from trading.ledger_spot import is_spot

TYPES = ("market", "limit", "ioc", "stop")
LARGEST = Decimal(10**15)


@dataclass(frozen=True, slots=True)
class Wish:
    """`amount` in base units, of inverse contracts in quote currency."""

    symbol: str
    side: str
    type: str
    amount: Decimal
    price: Decimal | None
    trigger_price: Decimal | None
    post_only: bool
    reduce_only: bool

    @property
    def text(self) -> str:
        """The same for the same wish, however its numbers are written."""
        numbers = [
            f"{number.normalize():f}" if number else "" for number in (self.amount, self.price, self.trigger_price)
        ]
        flags = [str(self.post_only), str(self.reduce_only)]
        return "|".join([self.symbol, self.side, self.type, *numbers, *flags])


@dataclass(frozen=True, slots=True)
class _Complaints:
    by_field: dict[str, list[str]]

    def add(self, field: str, sentence: str, **figures: object) -> None:
        self.by_field.setdefault(field, []).append(sentence % figures)


def checked(account: ExchangeAccount, wish: Wish) -> Decimal:
    """What the order is worth, in the quote currency. Raises ValidationError with every complaint, ExchangeError."""
    complaints = _Complaints({})
    rules = rules_by_hand(account, wish.symbol)
    if wish.side not in ("buy", "sell"):
        complaints.add("side", _("Choose buy or sell."))
    if wish.type not in TYPES:
        complaints.add("type", _("Choose one of: %(choices)s."), choices=", ".join(TYPES))
    if not (rules.active or wish.reduce_only):
        complaints.add("symbol", _("%(symbol)s is not traded there now."), symbol=short(wish.symbol))
    _check_amount(wish, rules, complaints)
    _check_price("price", wish.price, wish.type in ("limit", "ioc"), rules, complaints)
    _check_price("trigger_price", wish.trigger_price, wish.type == "stop", rules, complaints)
    if wish.post_only and wish.type != "limit":
        complaints.add("post_only", _("Only a limit order can wait for its counterpart."))
    if is_spot(wish.symbol):
        _check_spot(wish, complaints)
    if complaints.by_field:
        raise ValidationError(complaints.by_field)
    value = value_of(account, wish)
    _check_value(wish, value, rules, complaints)
    if complaints.by_field:
        raise ValidationError(complaints.by_field)
    return value


def rules_by_hand(account: ExchangeAccount, symbol: str) -> MarketRules:
    """Of any market that orders by hand may trade. Raises ValidationError, DomainError, ExchangeError."""
    rules = venue_for(account, symbol).markets().get(symbol)
    if rules is None:
        raise ValidationError({"symbol": [_("%(symbol)s is not traded on this account.") % {"symbol": short(symbol)}]})
    return rules


def value_of(account: ExchangeAccount, wish: Wish) -> Decimal:
    """At its own price, or at the book's; for a stop at its trigger; an inverse contract is worth what it says.

    Raises ValidationError, ExchangeError.
    """
    return wish.amount if is_inverse(wish.symbol) else wish.amount * price_of(account, wish)


def price_of(account: ExchangeAccount, wish: Wish) -> Decimal:
    """Its own, its trigger or the book's. Raises ValidationError, ExchangeError."""
    price = wish.price or wish.trigger_price
    if price is not None:
        return price
    quote = venue_for(account, wish.symbol).quotes([wish.symbol]).get(wish.symbol)
    if quote is None:
        raise ValidationError({"symbol": [_("%(symbol)s has no price now.") % {"symbol": short(wish.symbol)}]})
    return quote.ask if wish.side == BUY else quote.bid


def _check_spot(wish: Wish, complaints: _Complaints) -> None:
    """A sale of coins only reduces; a purchase never does."""
    if wish.type == "stop":
        complaints.add("type", _("A spot market has no stops here."))
    elif wish.side == BUY and wish.reduce_only:
        complaints.add("reduce_only", _("A purchase of coins reduces nothing."))


def _check_amount(wish: Wish, rules: MarketRules, complaints: _Complaints) -> None:
    amount, step, coin = wish.amount, rules.amount_step, amount_currency(wish.symbol)
    if not 0 < amount < LARGEST:
        complaints.add("amount", _("Enter an amount above 0."))
    elif step and amount % step:
        complaints.add(
            "amount", _("The exchange takes multiples of %(step)s %(coin)s."), step=grouped_exact(step), coin=coin
        )
    elif amount < rules.amount_min:
        complaints.add("amount", _("At least %(least)s %(coin)s."), least=grouped_exact(rules.amount_min), coin=coin)
    elif rules.amount_max is not None and amount > rules.amount_max:
        complaints.add("amount", _("At most %(most)s %(coin)s."), most=grouped_exact(rules.amount_max), coin=coin)


def _check_price(
    field: str, price: Decimal | None, is_wanted: bool, rules: MarketRules, complaints: _Complaints
) -> None:
    if (price is not None) != is_wanted:
        complaints.add(field, _("This order needs a price.") if is_wanted else _("This order has no such price."))
    elif price is not None and not 0 < price < LARGEST:
        complaints.add(field, _("Enter a price above 0."))
    elif price is not None and rules.price_tick and price % rules.price_tick:
        complaints.add(field, _("Prices are multiples of %(tick)s."), tick=grouped_exact(rules.price_tick))


def _check_value(wish: Wish, value: Decimal, rules: MarketRules, complaints: _Complaints) -> None:
    words = {"value": grouped(value), "currency": rules.quote}
    if (is_spot(wish.symbol) or not wish.reduce_only) and value < rules.notional_min:
        complaints.add(
            "amount",
            _("Worth %(value)s %(currency)s; the exchange takes at least %(least)s."),
            least=grouped_exact(rules.notional_min),
            **words,
        )
    if rules.notional_max is not None and value > rules.notional_max:
        complaints.add(
            "amount",
            _("Worth %(value)s %(currency)s; the exchange takes at most %(most)s."),
            most=grouped_exact(rules.notional_max),
            **words,
        )
