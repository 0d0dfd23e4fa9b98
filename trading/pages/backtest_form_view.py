"""What the form of a back-test shows beside its fields: what is stored, the ladder's figures, totals, the chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bots.models import LEVERAGES, Bot, MarginMode, OrderKind, PnlBasis
from bots.pages.form_view import CHOICES
from bots.pages.ladder_view import LadderView
from bots.settings.form_values import typed_instant
from bots.settings.readers import read_instant
from bots.strategies.form import SIZE_WORDS, param_fields, size_fields
from bots.strategies.registry import Plugin, available, strategy_of
from bots.strategies.settings import SPREAD
from exchanges.models import CandleSet, Exchange, shelf_name
from exchanges.symbols import short
from exchanges.timeframes import TIMEFRAME_MS
from trading.backtests.catalogue import Catalogue, Overlap, StoredMarket
from trading.backtests.drafts import PLACE, Draft, read_draft
from trading.backtests.preview import backtest_preview, venue_rules
from trading.models import Backtest
from trading.pages.forms_backtests import LAST, BacktestForm

OWN_CHOICES: Final[dict[str, Sequence[tuple[Any, Any]]]] = {
    name: CHOICES[name] for name in ("opening", "allowed_side", "profit_mode", "pause_after_close")
} | {
    "leverage": [("", _("None")), *((str(leverage), f"{leverage}×") for leverage in LEVERAGES)],
    "margin_mode": MarginMode.choices,
    "order_type_open": OrderKind.choices,
    "order_type_close": OrderKind.choices,
    "pnl_basis": PnlBasis.choices,
    "fill": [("next_open", _("Next open")), ("close", _("Same close"))],
    "use_funding": [("true", _("Book it")), ("false", _("Leave it out"))],
}
LAST_WORDS: Final = {"all": _("All"), "1y": _("1 y"), "90d": _("90 d"), "30d": _("30 d"), "7d": _("7 d")}


@dataclass
class BacktestFormView(LadderView):
    """`preview` reads the candle store on first use."""

    form: BacktestForm
    catalogue: Catalogue
    bots: Sequence[Bot]
    runs: Sequence[Backtest]

    @cached_property
    def draft(self) -> Draft:
        return read_draft(self.form.data())

    @cached_property
    def preview(self) -> dict[str, Any]:
        return backtest_preview(self.draft)

    @property
    def figures(self) -> dict[str, Any]:
        return self.preview

    @property
    def choices(self) -> dict[str, Sequence[tuple[Any, Any]]]:
        found: dict[str, Any] = {"sizing.mode": list(SIZE_WORDS.items())}
        return OWN_CHOICES | found | {it["name"]: it["choices"] for it in self.strategy_fields if it["choices"]}

    @property
    def strategies(self) -> list[Plugin]:
        return available()

    @cached_property
    def plugin(self) -> Plugin | None:
        try:
            return strategy_of(self._values["strategy"])
        except LookupError:
            return None

    @property
    def is_spread(self) -> bool:
        return self._values["strategy"] == SPREAD

    @property
    def reads(self) -> tuple[str, ...]:
        """Which of the common settings the strategy heeds."""
        return self.plugin.strategy.reads if self.plugin else ()

    @property
    def sizing_mode(self) -> str:
        return self._values["sizing.mode"]

    @property
    def sizing_fields(self) -> list[dict[str, Any]]:
        return size_fields(self.sizing_mode)

    @property
    def is_pair(self) -> bool:
        return self.plugin is None or self.plugin.markets == 2

    @cached_property
    def strategy_fields(self) -> list[dict[str, Any]]:
        """The strategy's own parameters, as its schema tells them."""
        return param_fields(self.plugin)

    @property
    def exchanges(self) -> list[tuple[str, str]]:
        return [(name, str(shelf_name(name))) for name in self.catalogue.exchanges]

    @property
    def venue(self) -> str:
        return dict(self.exchanges).get(self._values["exchange"], "")

    @property
    def markets(self) -> list[tuple[str, str]]:
        return [(market.symbol, short(market.symbol)) for market in self.catalogue.markets(self._values["exchange"])]

    @cached_property
    def timeframes(self) -> list[str]:
        exchange, one, two, _timeframe = (self._values[name] for name in PLACE)
        return self.catalogue.timeframes(exchange, one, two)

    @cached_property
    def overlap(self) -> Overlap | None:
        return self.catalogue.overlap(*(self._values[name] for name in PLACE))

    @property
    def lasts(self) -> list[tuple[str, Any, bool]]:
        """The quick choices of time: key, word, whether it is what the fields say."""
        if self.overlap is None:
            return []
        length = self.overlap.length.total_seconds() / 86_400
        return [(key, word, key == self._last) for key, word in LAST_WORDS.items() if LAST.get(key, 0) < length]

    @property
    def _last(self) -> str:
        since, until = (_moment(self._values[name]) for name in ("since", "until"))
        if self.overlap is None or since is None or until is None or abs((until - self.overlap.until).days) > 0:
            return ""
        if since <= self.overlap.since:
            return "all"
        days = round((until - since).total_seconds() / 86_400, 3)
        return next((key for key, length in LAST.items() if length == days), "")

    @cached_property
    def market_cards(self) -> list[dict[str, Any]]:
        return [self._card(leg) for leg in (1, 2)]

    def _card(self, leg: int) -> dict[str, Any]:
        name = f"market{leg}_symbol"
        symbol, exchange, timeframe = self._values[name], self._values["exchange"], self._values["timeframe"]
        market = self.catalogue.market(exchange, symbol)
        stored = market.sets.get(timeframe) if market else None
        rules = venue_rules(exchange, symbol, timeframe) if market and exchange in Exchange.values else None
        return {
            "leg": leg,
            "field": name,
            "coin": self.coins[leg - 1],
            "symbol": symbol,
            "timeframes": list(market.sets) if market else [],
            "stored": stored,
            "gaps": len(stored.gaps) if stored else None,
            "funding_pct": _share(market, self.overlap) if market else None,
            "funding": market.funding if market else None,
            "rules": rules,
            "taker_fee": float(rules.taker_fee) * 100 if rules else None,
        }

    @property
    def to_download(self) -> list[tuple[str, str]]:
        """(market, address of the filled-in download form) of each market whose history does not reach so far."""
        asked = (_moment(self._values["since"]), _moment(self._values["until"]))
        return [
            (short(card["symbol"]), self._download_address(card["symbol"]))
            for card in self.market_cards
            if card["coin"] and (self.is_pair or card["leg"] == 1) and not _covers(card["stored"], *asked)
        ]

    def _download_address(self, symbol: str) -> str:
        query = {"exchange": self._values["exchange"], "symbol": symbol, "timeframe": self._values["timeframe"]}
        since = self._values["since"][: len("2025-01-01")]
        return f"{reverse('data')}?{urlencode(query | ({'since': since} if since else {}))}"

    @property
    def place_query(self) -> str:
        """The chosen markets as an address' query."""
        names = ("exchange", "market1", "market2", "timeframe")
        return urlencode(dict(zip(names, (self._values[name] for name in PLACE), strict=True)))

    @property
    def range_word(self) -> Any:
        return gettext("run")

    @property
    def data(self) -> dict[str, Any] | None:
        return self.preview["data"]

    @property
    def warnings(self) -> dict[str, list[dict[str, Any]]]:
        """By field."""
        by_field: dict[str, list[dict[str, Any]]] = {}
        for warning in [*self.preview["warnings"], *self._own_warnings()]:
            by_field.setdefault(warning["field"], []).append(warning)
        return by_field

    def _own_warnings(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        if self._values["pause_after_close"] == "true":
            found.append(
                {
                    "field": "pause_after_close",
                    "message": gettext("The run ends with its first close: a pause lasts for ever in a back-test."),
                    "cure": {"field": "pause_after_close", "value": "false", "words": gettext("Wait for the next")},
                }
            )
        if self._values["fill"] == "close":
            message = gettext(
                "Nobody can trade at a close that is only known afterwards: use it to compare with tools."
            )
            found.append({"field": "fill", "message": message, "cure": None})
        return found

    @property
    def script_data(self) -> dict[str, Any]:
        return self.ladder_data | {
            "start": self.preview.get("start") or {},
            "reference": 0.0,
            "filled_for": self.form.filled_for,
            "strategy": self._values["strategy"],
        }

    @property
    def _values(self) -> dict[str, str]:
        return self.form.values


def _covers(stored: CandleSet | None, since: datetime | None, until: datetime | None) -> bool:
    """Whether a series reaches over the time asked for; the last bar ends at its close."""
    if stored is None:
        return False
    end = stored.last_at + timedelta(milliseconds=TIMEFRAME_MS[stored.timeframe])
    return not (since and since < stored.first_at) and not (until and until > end)


def _share(market: StoredMarket, overlap: Overlap | None) -> Decimal | None:
    """How much of the common time the recorded funding rates reach over, in percent."""
    if overlap is None or market.funding is None or not overlap.length:
        return None
    both = min(overlap.until, market.funding.last_at) - max(overlap.since, market.funding.first_at)
    return Decimal(max(0.0, both / overlap.length * 100))


def _moment(text: str) -> datetime | None:
    try:
        return read_instant(typed_instant(text))
    except ValidationError:
        return None
