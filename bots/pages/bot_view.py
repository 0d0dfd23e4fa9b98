"""What the page of one bot shows, ready for its templates and its scripts."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from bots import gauges
from bots.bot_tabs import TABS, tab_counts
from bots.charts.lines import has_lines
from bots.charts.words import chart_words
from bots.config import bot_rules
from bots.error_help import ErrorHelp, help_for
from bots.figures_now import figures_now
from bots.legs import Leg, legs_of
from bots.models import Bot, BotStatus, Opening, ProfitMode
from bots.strategies.settings import SPREAD, plugin_of
from bots.waiting import WAITING
from bots.zones import zone_name
from exchanges.errors import ExchangeError
from exchanges.models import Exchange
from exchanges.registry import venue_of
from exchanges.symbols import base_of, settle_of
from exchanges.timeframes import timeframe_ms
from trading.core.pair_break import PairHealth
from trading.core.sizing import MarketRules
from trading.pair_health import Carry, carry_of, health_known

DEFAULT_TAB: Final = "cycles"
DEFAULT_RANGE: Final = "start"
PHONE_RANGE: Final = "24h"
DISTANCES: Final = ("up", "down", "add", "close")


@dataclass
class BotPage:
    """What the page's templates show; each property costs its queries on first use only."""

    bot: Bot
    query: dict[str, str]
    can_trade: bool

    @cached_property
    def figures(self) -> dict[str, Any] | None:
        found = figures_now(self.bot)
        return found and found | {"fees_paid": -float(found["fees"])}

    @cached_property
    def rules(self) -> tuple[MarketRules, MarketRules] | None:
        try:
            return bot_rules(self.bot)
        except (ExchangeError, ValidationError):
            return None

    @cached_property
    def legs(self) -> tuple[Leg, ...]:
        return legs_of(self.bot, self.figures, self.rules)

    @cached_property
    def tab(self) -> str:
        wished = self.query.get("tab", DEFAULT_TAB)
        return wished if wished in TABS else DEFAULT_TAB

    @cached_property
    def tab_content(self) -> dict[str, Any]:
        return TABS[self.tab][1](self.bot, self.query, self.figures)

    @cached_property
    def tabs(self) -> list[tuple[str, str, int | None]]:
        counts = tab_counts(self.bot)
        return [(key, str(word), counts.get(key)) for key, (word, _content) in TABS.items()]

    @property
    def tab_template(self) -> str:
        return f"bots/parts/tab_{self.tab}.html"

    @cached_property
    def pair_health(self) -> PairHealth | None:
        return health_known(self.bot)

    @cached_property
    def carry(self) -> Carry | None:
        """Of the open cycle, by the market's own clock."""
        try:
            return None if self.bot.is_flat else carry_of(self.bot, venue_of(self.bot.exchange_account).clock())
        except (ExchangeError, ValidationError):
            return None

    @property
    def strategy_title(self) -> str:
        """Empty for the spread strategy, which needs no name."""
        plugin = plugin_of(self.bot.strategy)
        if self.bot.strategy == SPREAD:
            return ""
        return plugin.title if plugin else self.bot.strategy

    @property
    def takes_profit(self) -> bool:
        """Whether the bot's own take profit means something to its strategy."""
        plugin = plugin_of(self.bot.strategy)
        return plugin is None or "profit" in plugin.strategy.reads

    @property
    def venues(self) -> str:
        """Whose markets they are; a paper account trades those of the venue that it copies."""
        found = dict.fromkeys(self.bot.account_of(leg).rules_venue for leg in self.bot.legs)
        return " + ".join(str(Exchange(venue).label) for venue in found)

    @property
    def zone(self) -> str:
        """What the user's time zone is called at the bot's start."""
        return zone_name(self.bot.start_time)

    @property
    def currency(self) -> str:
        return settle_of(self.bot.market1_symbol)

    @property
    def is_stale(self) -> bool:
        return bool(self.figures and self.figures["stale_s"] > self.bot.max_quote_age)

    @property
    def waiting(self) -> SafeString:
        """The sentence with its figures marked; without figures the status alone says it."""
        if self.figures is None:
            return SafeString(escape(_("Its markets cannot be seen now.")))  # escaped  # nosec B703
        waiting = self.figures["waiting"]
        return marked_sentence(str(WAITING[waiting["code"]]), waiting["params"])

    @property
    def trouble(self) -> ErrorHelp | None:
        return help_for(self.bot) if self.bot.status == BotStatus.ERROR else None

    @property
    def multipliers(self) -> list[float]:
        return [float(row["multiplier"]) for row in self.bot.dca_config[: self.bot.max_dca_times]]

    @property
    def next_multiplier(self) -> float | None:
        return self.multipliers[self.bot.level] if self.bot.level < len(self.multipliers) else None

    @property
    def ladder_total(self) -> Decimal:
        return self.bot.investment_per_order * Decimal(str(sum(self.multipliers)))

    @property
    def gauges(self) -> dict[str, gauges.Gauge]:
        levels = {"level": gauges.level_gauge(self.multipliers, self.bot.level)}
        if self.figures is None:
            return levels
        bot, figures = self.bot, self.figures
        is_regression = bot.profit_mode == ProfitMode.REGRESSION
        bounds = gauges.pnl_bounds(
            figures, float(bot.stop_loss_ratio), float(bot.profit_ratio), regression=is_regression
        )
        low, high = (mark["spread"] if mark else None for mark in spread_ends(figures["triggers"]))
        return levels | {
            "pnl": gauges.pnl_gauge(figures["pnl_pct"], *bounds),
            "spread": gauges.spread_gauge(figures["spread"], low, high),
            "exposure": gauges.share_gauge(float(figures["exposure"]), float(figures["cap"])),
        }

    @property
    def spread_ends(self) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        return spread_ends(self.figures["triggers"]) if self.figures else (None, None)

    @property
    def script_data(self) -> dict[str, Any]:
        """What the page's scripts need to go on from here."""
        bot = self.bot
        return {
            "id": bot.pk,
            "socket": f"/api/v1/ws/bot/{bot.pk}",
            "chart": reverse("bots:chart", args=[bot.pk]),
            "lines": reverse("bots:chart-lines", args=[bot.pk]) if has_lines(bot) else None,
            "timeframe_ms": timeframe_ms(bot.timeframe),
            "figures_url": reverse("bots:figures", args=[bot.pk]),
            "range": DEFAULT_RANGE,
            "phone_range": PHONE_RANGE,
            "figures": self.figures,
            "labels": [base_of(bot.market1_symbol), base_of(bot.market2_symbol)],
            "digits": [*(_digits(leg.tick) for leg in self.legs), 2][:2],
            "currency": self.currency,
            "is_pair": bool(bot.market2_symbol),
            "reversion": bot.opening == Opening.REVERSION,
            "regression": bot.profit_mode == ProfitMode.REGRESSION,
            "stop_loss": float(bot.stop_loss_ratio),
            "take_profit": float(bot.profit_ratio),
            "multipliers": self.multipliers,
            "max_quote_age": bot.max_quote_age,
            "waiting": {code: str(text) for code, text in WAITING.items()},
            "strings": chart_words(),
        }


def spread_ends(triggers: dict[str, Any]) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The triggers below and above the spread that come first, each with its `name`."""
    marks = [{"name": name, **mark} for name, mark in triggers.items() if name not in ("break_even", "stop_loss")]
    below = [mark for mark in marks if mark["distance"] <= 0]
    above = [mark for mark in marks if mark["distance"] > 0]
    lower = max(below, key=lambda mark: mark["spread"], default=None)
    upper = min(above, key=lambda mark: mark["spread"], default=None)
    return lower, upper


def marked_sentence(template: str, params: dict[str, Any]) -> SafeString:
    """The sentence as HTML with its distances (and the unit behind them) in bold."""

    def figure(match: re.Match[str]) -> str:
        text = f"{params.get(match['name'], match[0])}{match['unit'] or ''}"
        return format_html('<b class="num">{}</b>', text) if match["name"] in DISTANCES else escape(text)

    return mark_safe(re.sub(r"\{(?P<name>\w+)\}(?P<unit> pp)?", figure, escape(template)))  # escaped  # nosec B308 B703


def _digits(tick: Decimal | None) -> int | None:
    return None if tick is None else max(0, -int(tick.normalize().as_tuple().exponent))
