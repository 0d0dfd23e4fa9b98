"""Which markets a bot may trade: whose accounts, known at their venues, one settle currency, not one market twice."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bots.settings.readers import required
from exchanges import market_data
from exchanges.models import ExchangeAccount, PaperSource
from exchanges.registry import venue_of
from exchanges.symbols import settle_of, short
from trading.core.sizing import NO_MARKET, MarketRules

_BIGINT_MAX = 2**63 - 1

Errors = list[tuple[str, ValidationError]]


@dataclass(frozen=True, slots=True)
class PairRules:
    """Leg n's symbol and rules are at index n - 1."""

    symbols: tuple[str, str]
    rules: tuple[MarketRules, MarketRules]

    @property
    def max_leverage(self) -> int:
        return int(min(rules.max_leverage for rules in self.rules))

    @property
    def settle(self) -> str:
        return settle_of(self.symbols[0])


@dataclass(frozen=True, slots=True)
class Pair(PairRules):
    """And on which account each leg is traded."""

    accounts: tuple[ExchangeAccount, ExchangeAccount]


def read_account(user: User, value: Any) -> ExchangeAccount:
    """One of the user's own by number; somebody else's is as unknown as none."""
    number = value.pk if isinstance(value, ExchangeAccount) else value
    if number is None or number == "":
        raise required()
    account = _own_account(user, number)
    if account is None:
        raise ValidationError(_("There is no such account."), code="unknown_account")
    if not account.is_active:
        raise ValidationError(_("This account is switched off."), code="inactive_account")
    return account


def account_errors(first: ExchangeAccount, second: ExchangeAccount) -> Errors:
    """Two accounts in one pair: both paper or both live, and one tape cannot follow another."""
    if first.pk == second.pk:
        return []
    if first.is_paper != second.is_paper or first.is_testnet != second.is_testnet:
        sentence = _("Both markets must be traded on paper, or both live, or both on a testnet.")
        return [("exchange_account2", ValidationError(sentence, code="mixed_accounts"))]
    if PaperSource.REPLAY in (first.paper_source, second.paper_source):
        sentence = _("A replay cannot be paired with another account: its prices have a time of their own.")
        return [("exchange_account2", ValidationError(sentence, code="mixed_replay"))]
    return []


def market_errors(accounts: tuple[ExchangeAccount, ExchangeAccount], symbols: tuple[str, str]) -> Errors:
    """An empty second symbol is no market: a strategy of one."""
    legs = (1, 2) if symbols[1] else (1,)
    found = [error for leg in legs for error in _unknown_market(accounts[leg - 1], symbols[leg - 1], leg)]
    if not symbols[1]:
        return found
    if symbols[0] == symbols[1] and accounts[0].rules_venue == accounts[1].rules_venue:
        sentence = _("This is market 1 already: choose another market, or an account at another exchange.")
        found.append(("market2_symbol", ValidationError(sentence, code="same_market")))
    if settle_of(symbols[0]) != settle_of(symbols[1]):
        params = {"first": settle_of(symbols[0]), "second": settle_of(symbols[1])}
        sentence = _("The two markets must settle in one currency, not in %(first)s and %(second)s.")
        found.append(("market2_symbol", ValidationError(sentence, code="settle", params=params)))
    return found


def pair_of(accounts: tuple[ExchangeAccount, ExchangeAccount], symbols: tuple[str, str]) -> Pair:
    rules1 = market_data.markets(accounts[0])[symbols[0]]
    rules2 = market_data.markets(accounts[1])[symbols[1]] if symbols[1] else NO_MARKET
    return Pair(symbols, (rules1, rules2), accounts)


def leverage_error(pair: Pair, leverage: int) -> ValidationError | None:
    if leverage <= pair.max_leverage:
        return None
    return ValidationError(
        _("These markets allow a leverage of %(most)s at most."), code="leverage", params={"most": pair.max_leverage}
    )


def start_prices(pair: Pair, at: datetime, now: datetime) -> tuple[Decimal, Decimal]:
    """Both prices at the instant from which changes count. Raises ValidationError with all that is wrong."""
    account = pair.accounts[0]
    today = venue_of(account).clock() if account.is_paper else now
    if at > today:
        raise ValidationError(
            _("The start time lies in the future: it is %(today)s there now."),
            code="future",
            params={"today": f"{today:%Y-%m-%d %H:%M} UTC"},
        )
    prices: list[Decimal] = []
    errors: list[ValidationError] = []
    for account, symbol in zip(pair.accounts, pair.symbols, strict=True):
        if not symbol:
            prices.append(Decimal(1))
            continue
        try:
            prices.append(market_data.start_price(account, symbol, at))
        except ValidationError as error:
            errors += error.error_list
    if errors:
        raise ValidationError(errors)
    return prices[0], prices[1]


def _own_account(user: User, number: Any) -> ExchangeAccount | None:
    if isinstance(number, bool) or not isinstance(number, int | str):
        return None
    text = str(number).strip() if isinstance(number, str) else number
    if isinstance(text, str):
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(_BIGINT_MAX))):
            return None
        text = int(text)
    if not 0 < text <= _BIGINT_MAX:
        return None
    return ExchangeAccount.objects.filter(owner=user, pk=text).first()


def _unknown_market(account: ExchangeAccount, symbol: str, leg: int) -> Errors:
    rules = market_data.markets(account).get(symbol)
    params = {"symbol": short(symbol), "venue": account.get_exchange_display()}
    if rules is None:
        sentence = _("%(venue)s has no perpetual %(symbol)s.")
        return [(f"market{leg}_symbol", ValidationError(sentence, code="unknown_symbol", params=params))]
    if not rules.active:
        sentence = _("%(symbol)s is not traded at %(venue)s now.")
        return [(f"market{leg}_symbol", ValidationError(sentence, code="inactive_symbol", params=params))]
    return []
