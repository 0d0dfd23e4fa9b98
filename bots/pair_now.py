"""A bot's two markets at this moment, in the core's terms."""

from dataclasses import dataclass

from bots.config import bot_rules, core_config, core_quote, core_state, no_quote
from bots.models import Bot
from exchanges import market_data
from exchanges.adapters.base import VenueQuote
from exchanges.errors import Unavailable
from exchanges.models import ExchangeAccount
from exchanges.symbols import short
from trading.core.sizing import MarketRules
from trading.core.spread import spread_pct
from trading.core.types import Config, Quote, State
from trading.models import Position


@dataclass(frozen=True, slots=True)
class PairNow:
    config: Config
    state: State
    quote: Quote
    quotes: tuple[VenueQuote, VenueQuote]
    rules: tuple[MarketRules, MarketRules]
    positions: tuple[Position, ...]

    @property
    def spread(self) -> float:
        return spread_pct(self.quote.p1, self.quote.p2, self.config.start1, self.config.start2)


def pair_now(bot: Bot) -> PairNow:
    """Raises Unavailable where a market has no quote, and whatever its venue raises."""
    rules = bot_rules(bot)
    positions = tuple(Position.objects.filter(bot=bot, is_open=True).order_by("leg"))
    quotes = quotes_of(bot.account_of(1), bot.market1_symbol, bot.account_of(2), bot.market2_symbol)
    return PairNow(core_config(bot, *rules), core_state(bot, positions), core_quote(*quotes), quotes, rules, positions)


def quotes_of(
    account1: ExchangeAccount, symbol1: str, account2: ExchangeAccount, symbol2: str
) -> tuple[VenueQuote, VenueQuote]:
    """Raises Unavailable naming the market without a quote."""
    if not symbol2:
        only = market_data.quotes(account1, [symbol1]).get(symbol1)
        if only is None:
            raise Unavailable(f"{short(symbol1)} has no price now", code="no_quote")
        return only, no_quote(only)
    if account1.pk == account2.pk:
        both = market_data.quotes(account1, [symbol1, symbol2])
        first, second = both.get(symbol1), both.get(symbol2)
    else:
        first = market_data.quotes(account1, [symbol1]).get(symbol1)
        second = market_data.quotes(account2, [symbol2]).get(symbol2)
    if first is None or second is None:
        raise Unavailable(f"{short(symbol1 if first is None else symbol2)} has no price now", code="no_quote")
    return first, second


def spread_now(bot: Bot) -> float:
    return pair_now(bot).spread
