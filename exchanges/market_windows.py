"""What a user may see of an exchange's markets: its public data, or what an own paper account trades on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from django.conf import settings
from django.utils.translation import gettext as _

from exchanges import market_data
from exchanges.adapters.base import Candle, DayFigures, FundingOutlook, OrderBook, PublicTrade, VenueQuote
from exchanges.adapters.paper_simulated import FUNDING_MS
from exchanges.adapters.paper_source import FundingRate, from_ms, to_ms
from exchanges.adapters.venues import Kind
from exchanges.errors import Rejected
from exchanges.history.public_data import kind_of
from exchanges.history.simulated_shelf import simulation_of
from exchanges.models import ExchangeAccount, PaperSource
from exchanges.registry import venue_of
from exchanges.venue_clients import DIALECTS, markets_of
from trading.core.sizing import MarketRules


class Window(Protocol):
    """Every method raises ExchangeError; symbols are known ones of the window's kind."""

    def clock(self) -> datetime:
        """The time by which quotes are old or new."""
        ...

    def markets(self) -> Mapping[str, MarketRules]: ...

    def quotes(self, symbols: Sequence[str]) -> Mapping[str, VenueQuote]: ...

    def candles(self, symbol: str, timeframe: str, since: datetime | None, limit: int) -> Sequence[Candle]: ...

    def book(self, symbol: str, depth: int) -> OrderBook: ...

    def trades(self, symbol: str, limit: int) -> Sequence[PublicTrade]: ...

    def funding(self, symbol: str) -> FundingOutlook: ...

    def rates(self, symbol: str, since: datetime) -> Sequence[FundingRate]:
        """Settled since then, oldest first."""
        ...

    def days(self, quotes: Mapping[str, VenueQuote]) -> Mapping[str, DayFigures]:
        """Of those quoted markets of which they are known."""
        ...

    def outlooks(self) -> Mapping[str, FundingOutlook]:
        """Of all swaps; empty where there is no funding."""
        ...


class PublicWindow:
    """Needs no account."""

    def __init__(self, exchange: str, kind: Kind, *, testnet: bool = False) -> None:
        self._exchange = exchange
        self._kind = kind
        self._markets = markets_of(exchange, kind, testnet=testnet)

    def clock(self) -> datetime:
        return from_ms(self._markets.now_ms())

    def markets(self) -> Mapping[str, MarketRules]:
        return {symbol: market.rules for symbol, market in self._markets.instruments().items()}

    def quotes(self, symbols: Sequence[str]) -> Mapping[str, VenueQuote]:
        return self._markets.quotes(symbols, age_s=settings.TICKER_CACHE_TTL)

    def candles(self, symbol: str, timeframe: str, since: datetime | None, limit: int) -> Sequence[Candle]:
        if self._kind == "option" or timeframe not in DIALECTS[self._exchange].timeframes:
            raise Rejected(_("There are no candles of this length."), code="timeframe")
        return self._markets.candles(symbol, timeframe, since_ms=to_ms(since) if since else None, limit=limit)

    def book(self, symbol: str, depth: int) -> OrderBook:
        return self._markets.book(symbol, depth)

    def trades(self, symbol: str, limit: int) -> Sequence[PublicTrade]:
        return self._markets.trades(symbol, limit)

    def funding(self, symbol: str) -> FundingOutlook:
        if self._kind != "swap":
            raise Rejected(_("Only perpetual swaps have funding."), code="no_funding")
        return self._markets.funding(symbol)

    def rates(self, symbol: str, since: datetime) -> Sequence[FundingRate]:
        if self._kind != "swap":
            raise Rejected(_("Only perpetual swaps have funding."), code="no_funding")
        return [rate for rate in self._markets.rates(symbol, to_ms(since)) if rate.at_ms >= to_ms(since)]

    def days(self, quotes: Mapping[str, VenueQuote]) -> Mapping[str, DayFigures]:
        known = self._markets.days() if self._kind != "option" else {}
        return {symbol: known[symbol] for symbol in quotes if symbol in known}

    def outlooks(self) -> Mapping[str, FundingOutlook]:
        return self._markets.outlooks() if self._kind == "swap" else {}


class PaperWindow:
    """Has the prices that the account trades on, and no book or trades of other people."""

    def __init__(self, account: ExchangeAccount, kind: Kind) -> None:
        self._account = account
        self._kind = kind

    def clock(self) -> datetime:
        return venue_of(self._account).clock()

    def markets(self) -> Mapping[str, MarketRules]:
        found = market_data.markets(self._account)
        return {symbol: rules for symbol, rules in found.items() if kind_of(symbol) == self._kind}

    def quotes(self, symbols: Sequence[str]) -> Mapping[str, VenueQuote]:
        return market_data.quotes(self._account, symbols)

    def candles(self, symbol: str, timeframe: str, since: datetime | None, limit: int) -> Sequence[Candle]:
        return market_data.closed_candles(self._account, symbol, timeframe, since=since, limit=limit)

    def book(self, symbol: str, depth: int) -> OrderBook:
        raise self._nothing()

    def trades(self, symbol: str, limit: int) -> Sequence[PublicTrade]:
        raise self._nothing()

    def funding(self, symbol: str) -> FundingOutlook:
        raise self._nothing()

    def rates(self, symbol: str, since: datetime) -> Sequence[FundingRate]:
        raise self._nothing()

    def days(self, quotes: Mapping[str, VenueQuote]) -> Mapping[str, DayFigures]:
        return market_data.day_figures(self._account, quotes)

    def outlooks(self) -> Mapping[str, FundingOutlook]:
        return {}

    def _nothing(self) -> Rejected:
        return Rejected(_("A paper account has prices, but no market of other people."), code="paper")


class SimulatedWindow(PaperWindow):
    """Its funding is known for all times."""

    def funding(self, symbol: str) -> FundingOutlook:
        if self._kind != "swap":
            raise Rejected(_("Only perpetual swaps have funding."), code="no_funding")
        return self._outlook(symbol, self._now_ms())

    def rates(self, symbol: str, since: datetime) -> Sequence[FundingRate]:
        return simulation_of(self._account).funding(symbol, to_ms(since) - 1, self._now_ms())

    def outlooks(self) -> Mapping[str, FundingOutlook]:
        now = self._now_ms()
        return {symbol: self._outlook(symbol, now) for symbol in self.markets()}

    def _outlook(self, symbol: str, now: int) -> FundingOutlook:
        simulation = simulation_of(self._account)
        following = simulation.funding(symbol, now, now + FUNDING_MS)[0]
        return FundingOutlook(symbol, following.rate, from_ms(following.at_ms), simulation.mark(symbol, now))

    def _now_ms(self) -> int:
        return to_ms(venue_of(self._account).clock())


class LivePaperWindow(PaperWindow):
    """On live quotes: beside them the book, the trades and the funding of the venue."""

    def __init__(self, account: ExchangeAccount, kind: Kind) -> None:
        super().__init__(account, kind)
        self._public = PublicWindow(account.paper_venue, kind)

    def book(self, symbol: str, depth: int) -> OrderBook:
        return self._public.book(symbol, depth)

    def trades(self, symbol: str, limit: int) -> Sequence[PublicTrade]:
        return self._public.trades(symbol, limit)

    def funding(self, symbol: str) -> FundingOutlook:
        return self._public.funding(symbol)

    def rates(self, symbol: str, since: datetime) -> Sequence[FundingRate]:
        return self._public.rates(symbol, since)

    def outlooks(self) -> Mapping[str, FundingOutlook]:
        return self._public.outlooks()


def window_of(account: ExchangeAccount, kind: Kind = "swap") -> Window:
    """What an account's own market lets one see."""
    if account.is_paper:
        return paper_window(account, kind)
    return PublicWindow(account.exchange, kind, testnet=account.is_testnet)


def paper_window(account: ExchangeAccount, kind: Kind) -> Window:
    windows = {PaperSource.LIVE: LivePaperWindow, PaperSource.SIMULATED: SimulatedWindow}
    return windows.get(PaperSource(account.paper_source), PaperWindow)(account, kind)
