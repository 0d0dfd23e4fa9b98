"""The page of markets: whose prices are shown, which markets of them, in which order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, cast

from django.utils import timezone
from django.utils.http import urlencode

from accounts.models import User
from exchanges.adapters.base import DayFigures, FundingOutlook, VenueQuote
from exchanges.adapters.venues import VENUES, Kind
from exchanges.errors import ExchangeError
from exchanges.market_windows import PublicWindow, Window, paper_window
from exchanges.models import Exchange, ExchangeAccount, PaperSource
from exchanges.registry import venue_of
from exchanges.selectors import accounts_of
from exchanges.symbols import short
from trading.core.sizing import MarketRules

KINDS: Final = ("swap", "spot", "future")
DEFAULT_SORT: Final = "-volume"
STALE: Final = timedelta(seconds=30)
ROWS: Final = 50


@dataclass(frozen=True, slots=True)
class MarketSource:
    """Whose prices: an exchange's for everybody, or those that an own account trades on."""

    exchange: str
    account: ExchangeAccount | None = None

    @property
    def key(self) -> str:
        return str(self.account.pk) if self.account else self.exchange

    @property
    def name(self) -> str:
        return self.account.label if self.account else str(Exchange(self.exchange).label)

    @property
    def is_made(self) -> bool:
        """A market of our own: nobody else trades there, so it has no book and no trades."""
        return bool(self.account and self.account.is_paper and self.account.paper_source != PaperSource.LIVE)

    @property
    def query(self) -> dict[str, str]:
        """How the API and the sockets name it beside the exchange."""
        return {"exchange_account": str(self.account.pk)} if self.account else {}

    def window(self, kind: Kind) -> Window:
        """Raises ExchangeError."""
        if self.account and self.account.is_paper:
            return paper_window(self.account, kind)
        return PublicWindow(self.exchange, kind, testnet=bool(self.account and self.account.is_testnet))

    def now(self) -> datetime:
        """A market of our own has a clock of its own. Raises ExchangeError."""
        return venue_of(self.account).clock() if self.account and self.is_made else timezone.now()


def market_sources(user: User) -> list[MarketSource]:
    """The user's accounts, then each exchange's public data."""
    own = accounts_of(user).filter(is_active=True).order_by("exchange", "label")
    return [*(MarketSource(account.exchange, account) for account in own), *(MarketSource(code) for code in VENUES)]


def source_of(sources: Sequence[MarketSource], key: str) -> MarketSource:
    """The one that is named, else the first."""
    return next((source for source in sources if source.key == key), sources[0])


@dataclass(frozen=True, slots=True)
class MarketLine:
    """One market; `width` of the book in per cent of the price, `change` too, `volume` in quote currency."""

    rules: MarketRules
    quote: VenueQuote | None
    day: DayFigures | None
    funding: FundingOutlook | None
    now: datetime

    @property
    def symbol(self) -> str:
        return self.rules.symbol

    @property
    def name(self) -> str:
        return short(self.rules.symbol)

    @property
    def path(self) -> str:
        return self.name.replace("/", "-")

    @property
    def price(self) -> Decimal | None:
        return self.quote.mid if self.quote else None

    @property
    def width(self) -> Decimal | None:
        return (self.quote.ask - self.quote.bid) / self.quote.mid * 100 if self.quote else None

    @property
    def change(self) -> Decimal | None:
        return self.day.change if self.day else None

    @property
    def volume(self) -> Decimal | None:
        return self.day.volume if self.day else None

    @property
    def rate(self) -> Decimal | None:
        """In per cent."""
        return self.funding.rate * 100 if self.funding else None

    @property
    def funding_in(self) -> timedelta | None:
        return max(self.funding.next_at - self.now, timedelta()) if self.funding else None

    @property
    def age(self) -> timedelta | None:
        """Of a price that is old."""
        age = self.now - self.quote.alive_at if self.quote else timedelta()
        return age if age > STALE else None

    @property
    def live(self) -> dict[str, Any]:
        """What the script keeps up to date (static/js/markets/list.js)."""
        figures = {"price": self.price, "change": self.change, "width": self.width}
        return {name: None if value is None else float(value) for name, value in figures.items()}


COLUMNS: Final[dict[str, Callable[[MarketLine], Any]]] = {
    "name": lambda line: line.name,
    "change": lambda line: line.change,
    "volume": lambda line: line.volume,
    "funding": lambda line: line.rate,
    "width": lambda line: line.width,
}


@dataclass(frozen=True, slots=True)
class MarketQuery:
    """What the visitor asked for; unknown words count as not asked."""

    source: str = ""
    kind: Kind = "swap"
    text: str = ""
    sort: str = DEFAULT_SORT

    @classmethod
    def of(cls, wishes: Mapping[str, str]) -> "MarketQuery":
        kind, sort = wishes.get("type", ""), wishes.get("sort", "")
        return cls(
            wishes.get("source", "")[:20],
            cast(Kind, kind) if kind in KINDS else "swap",
            wishes.get("q", "").replace("\x00", "").strip()[:40],
            sort if sort.removeprefix("-") in COLUMNS else DEFAULT_SORT,
        )

    def encoded(self, **changes: str) -> str:
        """For links: ends in `&`."""
        wishes = {"source": self.source, "type": self.kind, "q": self.text, "sort": self.sort} | changes
        return urlencode({name: value for name, value in wishes.items() if value}) + "&"


def market_lines(source: MarketSource, query: MarketQuery) -> list[MarketLine]:
    """All that fit, in order; a market without a price stays in the list. Raises ExchangeError."""
    window, now = source.window(query.kind), source.now()
    wished = query.text.upper().replace("-", "/")
    fitting = {name: rules for name, rules in window.markets().items() if rules.active and wished in short(name)}
    quotes = window.quotes(sorted(fitting)) if fitting else {}
    days, outlooks = known_days(window, quotes), known_outlooks(window) if query.kind == "swap" else {}
    lines = [
        MarketLine(rules, quotes.get(name), days.get(name), outlooks.get(name), now) for name, rules in fitting.items()
    ]
    return _sorted(lines, query.sort)


def live_prices(source: MarketSource, kind: Kind, symbols: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What moves of these markets, by symbol. Raises ExchangeError."""
    window, now = source.window(kind), source.now()
    rules, quotes = window.markets(), window.quotes(symbols) if symbols else {}
    days = known_days(window, quotes)
    lines = [MarketLine(rules[name], quotes.get(name), days.get(name), None, now) for name in symbols if name in rules]
    return {line.symbol: line.live for line in lines}


def known_days(window: Window, quotes: Mapping[str, VenueQuote]) -> Mapping[str, DayFigures]:
    """Empty where they are not told: prices are shown without them."""
    try:
        return window.days(quotes) if quotes else {}
    except ExchangeError:
        return {}


def known_outlooks(window: Window) -> Mapping[str, FundingOutlook]:
    try:
        return window.outlooks()
    except ExchangeError:
        return {}


def _sorted(lines: list[MarketLine], sort: str) -> list[MarketLine]:
    """What is not known comes last in both directions; markets that are equal by name."""
    key = COLUMNS[sort.removeprefix("-")]
    by_name = sorted(lines, key=lambda line: line.name)
    known = [line for line in by_name if key(line) is not None]
    known.sort(key=key, reverse=sort.startswith("-"))
    return known + [line for line in by_name if key(line) is None]
