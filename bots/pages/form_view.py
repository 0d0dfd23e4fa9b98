"""What the bot form shows beside its fields: both markets, the ladder's figures, totals, and the chart's data."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bots.models import (
    LEVERAGES,
    Bot,
    DecideOn,
    LoneLegPolicy,
    MarginMode,
    Opening,
    OrderKind,
    PairBreakPolicy,
    PnlBasis,
    ProfitMode,
)
from bots.pages.ladder_view import LadderView
from bots.pair_statistics import PairStatistics, pair_statistics
from bots.preview.whole import bot_preview
from bots.settings.form_values import typed_instant
from bots.strategies.form import SIZE_WORDS, param_fields, size_fields
from bots.strategies.registry import Plugin, available
from bots.strategies.settings import SPREAD, plugin_of
from bots.timeframe_words import TIMEFRAME_WORDS
from bots.zones import zone_name
from exchanges.errors import ExchangeError
from exchanges.market_data import markets
from exchanges.models import ExchangeAccount, PaperSource
from exchanges.symbols import canonical, short

log = logging.getLogger(__name__)

RANGES: Final = {"24h": _("24 h"), "7d": _("7 d"), "30d": _("30 d")}
RANGES_LONG: Final = {"24h": _("24 hours"), "7d": _("7 days"), "30d": _("30 days")}
DEFAULT_RANGE: Final = "7d"
KNOWN_MOST: Final = 300
FAR_FROM_SIGHT: Final = ("leverage", "exchange_account2")

CHOICES: Final[dict[str, Sequence[tuple[Any, Any]]]] = {
    "leverage": [(str(leverage), f"{leverage}×") for leverage in LEVERAGES],
    "opening": Opening.choices,
    "allowed_side": [("both", _("Both")), ("long_spread", _("Long only")), ("short_spread", _("Short only"))],
    "margin_mode": MarginMode.choices,
    "order_type_open": OrderKind.choices,
    "order_type_close": OrderKind.choices,
    "profit_mode": [(ProfitMode.POSITION, _("Position")), (ProfitMode.REGRESSION, _("Regression"))],
    "pause_after_close": [("true", _("Pause")), ("false", _("Wait for the next"))],
    "pnl_basis": PnlBasis.choices,
    "decide_on": DecideOn.choices,
    "timeframe": list(TIMEFRAME_WORDS.items()),
    "lone_leg_policy": LoneLegPolicy.choices,
    "pair_break_policy": PairBreakPolicy.choices,
}


@dataclass
class FormView(LadderView):
    """`bot` is None for a new one. `preview` is made on first use and asks the venues."""

    user: User
    bot: Bot | None
    accounts: Sequence[ExchangeAccount]
    others: Sequence[Bot]
    now: datetime
    range_name: str = DEFAULT_RANGE

    @cached_property
    def choices(self) -> dict[str, Sequence[tuple[Any, Any]]]:
        found: dict[str, Any] = {"sizing.mode": list(SIZE_WORDS.items())}
        found |= {field["name"]: field["choices"] for field in self.strategy_fields if field["choices"]}
        return CHOICES | found if self.is_spread else CHOICES | found | {"decide_on": DecideOn.choices[1:]}

    @cached_property
    def preview(self) -> dict[str, Any] | None:
        """None where the venue does not answer."""
        try:
            return bot_preview(self.user, self.form.data(), now=self.now, bot=self.bot, range_name=self.range_name)
        except ExchangeError as error:
            log.warning("No preview for the form: %s", error)
            return None

    @property
    def figures(self) -> dict[str, Any]:
        return self.preview or {}

    @property
    def is_unseen(self) -> bool:
        return self.preview is None

    @property
    def ranges(self) -> dict[str, Any]:
        return RANGES

    @cached_property
    def account(self) -> ExchangeAccount | None:
        return next((each for each in self.accounts if str(each.pk) == self.form.values["exchange_account"]), None)

    @property
    def paper_account(self) -> ExchangeAccount | None:
        """Where a live account's bot could be tried on paper: same venue's rules, live prices."""
        if self.account is None or self.account.is_paper:
            return None
        fitting = (each for each in self.accounts if each.is_paper and each.is_active)
        return next(
            (
                each
                for each in fitting
                if each.paper_venue == self.account.exchange and each.paper_source == PaperSource.LIVE
            ),
            None,
        )

    @cached_property
    def market_cards(self) -> list[dict[str, Any]]:
        """Both cards; figures are missing while the pair or the start time is not known."""
        known = self.figures.get("markets") or [{}, {}]
        for market in known:
            market["price_tick"] = Decimal(market["price_tick"]) if market.get("price_tick") else None
        return [
            {"leg": leg, "field": f"market{leg}_symbol", "coin": self.coins[leg - 1], **known[leg - 1]}
            for leg in range(1, self.market_count + 1)
        ]

    @property
    def strategies(self) -> list[Plugin]:
        return available()

    @cached_property
    def plugin(self) -> Plugin | None:
        return plugin_of(self.form.values["strategy"])

    @property
    def is_spread(self) -> bool:
        return self.form.values["strategy"] == SPREAD

    @property
    def is_pair(self) -> bool:
        return self.market_count == 2

    @property
    def reads(self) -> tuple[str, ...]:
        """Which of the settings that a strategy may leave alone this one heeds."""
        return self.plugin.strategy.reads if self.plugin else ()

    @property
    def sizing_mode(self) -> str:
        return self.form.values["sizing.mode"]

    @property
    def sizing_fields(self) -> list[dict[str, Any]]:
        return size_fields(self.sizing_mode)

    @cached_property
    def strategy_fields(self) -> list[dict[str, Any]]:
        return param_fields(self.plugin)

    @property
    def warnings(self) -> dict[str, list[dict[str, Any]]]:
        """By field."""
        by_field: dict[str, list[dict[str, Any]]] = {}
        for warning in self.figures.get("warnings") or []:
            by_field.setdefault(warning["field"], []).append(warning)
        return by_field

    @property
    def warnings_elsewhere(self) -> list[dict[str, Any]]:
        """About fields beside which there is no room."""
        return [warning for name, found in self.warnings.items() if name in FAR_FROM_SIGHT for warning in found]

    @property
    def currency(self) -> str:
        return str(self.totals["currency"]) if self.totals else super().currency

    @property
    def range_word(self) -> Any:
        return RANGES[self.range_name]

    @property
    def range_long(self) -> Any:
        return RANGES_LONG[self.range_name]

    @property
    def start_shown(self) -> str:
        """`11 Feb 2025, 21:00 UTC`; what cannot be read stays as it was typed."""
        text = self.form.values["start_time"]
        moment = parse_datetime(typed_instant(text)) if text else None
        if moment is None:
            return text or str(_("choose a time"))
        # Translators: how a start time is written, in the letters of Django's "date" filter
        written = date_format(timezone.localtime(moment), gettext("j M Y, H:i"))
        return f"{written} {zone_name(moment)}"

    @cached_property
    def known_markets(self) -> list[str]:
        """Names for browsers without scripts."""
        if self.account is None:
            return []
        try:
            found = markets(self.account).values()
        except (ExchangeError, ValidationError):
            return []
        return [short(rules.symbol) for rules in found if rules.active][:KNOWN_MOST]

    @cached_property
    def pair(self) -> PairStatistics | None:
        if self.account is None or not self.spread or not self.is_pair:
            return None
        one, two = (self.form.values[name] for name in ("market1_symbol", "market2_symbol"))
        second = next(
            (each for each in self.accounts if str(each.pk) == self.form.values["exchange_account2"]), self.account
        )
        end = datetime.fromisoformat(self.spread["range"]["to"])
        try:
            return pair_statistics((self.account, canonical(one)), (second, canonical(two)), end)
        except (ExchangeError, ValidationError, ValueError) as error:
            log.info("No statistics of the pair: %s", error)
            return None

    @property
    def script_data(self) -> dict[str, Any]:
        reference = self.bot.reference_spread if self.bot and self.bot.is_flat else 0.0
        return self.ladder_data | {"start": self._start, "reference": reference}

    @property
    def _start(self) -> dict[str, Any]:
        """When and from which prices both changes count."""
        prices = [market.get("start_price") for market in self.market_cards]
        one, two = (*prices, "1")[:2]
        moment = parse_datetime(typed_instant(self.form.values["start_time"]))
        if moment is None or one is None or two is None:
            return {}
        return {"at": int(moment.timestamp() * 1000), "p1": float(one), "p2": float(two)}
