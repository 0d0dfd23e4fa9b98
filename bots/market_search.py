"""Markets by name, for the pickers of the bot form."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from exchanges import market_data
from exchanges.adapters.base import VenueQuote
from exchanges.models import ExchangeAccount
from exchanges.symbols import short
from trading.core.sizing import MarketRules

SHOWN_MOST: Final = 12


@dataclass(frozen=True, slots=True)
class FoundMarket:
    """`minimum` in the settle currency at the price of now; None where there is no price."""

    rules: MarketRules
    price: Decimal | None
    change_24h: Decimal | None

    @property
    def name(self) -> str:
        return short(self.rules.symbol)

    @property
    def minimum(self) -> Decimal | None:
        if self.price is None:
            return None
        return max(self.rules.notional_min, max(self.rules.amount_min, self.rules.amount_step) * self.price)


def found_markets(account: ExchangeAccount, text: str) -> list[FoundMarket]:
    """Those whose coin begins with the text before those that only hold it. Raises ExchangeError."""
    wished = text.strip().upper().replace("-", "/")
    known = [rules for rules in market_data.markets(account).values() if rules.active and rules.settle == rules.quote]
    fitting = [rules for rules in known if wished in short(rules.symbol)]
    fitting.sort(key=lambda rules: (not rules.base.startswith(wished.partition("/")[0]), rules.symbol))
    shown = fitting[:SHOWN_MOST]
    quotes = market_data.quotes(account, [rules.symbol for rules in shown]) if shown else {}
    changes = market_data.day_changes(account, quotes)
    return [_found(rules, quotes.get(rules.symbol), changes.get(rules.symbol)) for rules in shown]


def _found(rules: MarketRules, quote: VenueQuote | None, change: Decimal | None) -> FoundMarket:
    return FoundMarket(rules, quote.mid if quote else None, change)
