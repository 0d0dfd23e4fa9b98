"""A bot's settings as its page lists them, grouped, in a trader's words."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from bots.amounts import decimal_text, grouped
from bots.ladder.rows import first_level_over
from bots.models import Bot, DecideOn, ProfitMode
from bots.strategies.form import param_fields, param_values
from bots.strategies.settings import SPREAD, plugin_of
from bots.timeframe_words import TIMEFRAME_WORDS
from exchanges.symbols import settle_of, short


@dataclass(frozen=True, slots=True)
class LadderLine:
    """`at` is the spread of the level when the first one opens short at 0; money is one leg's."""

    level: int
    step: float
    multiplier: float
    at: float
    order: Decimal
    invested: Decimal
    is_filled: bool
    is_over: bool


def ladder_rows(bot: Bot) -> list[LadderLine]:
    rows = bot.dca_config[: bot.max_dca_times]
    over = first_level_over(rows, len(rows), bot.investment_per_order, bot.max_position_value, legs=len(bot.legs))
    found: list[LadderLine] = []
    at, invested = 0.0, Decimal()
    for level, row in enumerate(rows, start=1):
        order = bot.investment_per_order * Decimal(str(row["multiplier"]))
        at, invested = at + row["spread"], invested + order
        is_filled, is_over = level <= bot.level, over is not None and level >= over
        found.append(LadderLine(level, row["spread"], row["multiplier"], at, order, invested, is_filled, is_over))
    return found


def settings_groups(bot: Bot) -> list[tuple[str, list[tuple[str, str]]]]:
    """(heading, [(label, value)])."""
    return [
        *_strategy(bot),
        (_("Pair") if 2 in bot.legs else pgettext("what is traded", "Market"), list(_pair(bot))),
        (_("Orders"), list(_orders(bot))),
        (_("Exit"), list(_exit(bot))),
        (_("Decisions and safety"), list(_safety(bot))),
    ]


def _strategy(bot: Bot) -> list[tuple[str, list[tuple[str, str]]]]:
    """The parameters that only this strategy has; the spread strategy has none."""
    if bot.strategy == SPREAD:
        return []
    plugin = plugin_of(bot.strategy)
    if plugin is None:
        return [(bot.strategy, [(name, str(value)) for name, value in bot.strategy_params.items()])]
    values = param_values(bot.strategy, bot.strategy_params)
    words = {field["name"]: dict(field["choices"]) for field in param_fields(plugin)}
    rows = [
        (
            field["label"],
            f"{words[field['name']].get(values[field['name']], values[field['name']])} {field['unit']}".strip(),
        )
        for field in param_fields(plugin)
    ]
    return [(plugin.title, rows)]


def _pair(bot: Bot) -> Iterator[tuple[str, str]]:
    for leg in bot.legs:
        account = bot.account_of(leg)
        label = _("Market %(leg)s") % {"leg": leg}
        yield label, f"{short(bot.symbol_of(leg))} · {account.name}"
    prices = (bot.market1_start_price, bot.market2_start_price)[: len(bot.legs)]
    yield ngettext("Start price", "Start prices", len(prices)), " · ".join(map(_price, prices))
    if bot.strategy == SPREAD:
        yield _("Measures moves from"), _points(bot.reference_spread, signed=True)


def _orders(bot: Bot) -> Iterator[tuple[str, str]]:
    currency = settle_of(bot.market1_symbol)
    is_pair = 2 in bot.legs
    yield (
        (_("Investment per order, each leg") if is_pair else _("Investment per order")),
        f"{grouped(bot.investment_per_order)} {currency}",
    )
    yield (
        (_("Maximum position, both legs") if is_pair else _("Maximum position")),
        f"{grouped(bot.max_position_value)} {currency}",
    )
    yield _("Leverage"), f"{bot.leverage}× · {bot.get_margin_mode_display()}"
    if bot.strategy == SPREAD:
        yield _("Opens on"), str(bot.get_opening_display())
    yield (_("Side of the spread") if is_pair else _("Side")), str(bot.get_allowed_side_display())
    yield _("Orders that open"), str(bot.get_order_type_open_display())
    yield _("Orders that close"), str(bot.get_order_type_close_display())


def _exit(bot: Bot) -> Iterator[tuple[str, str]]:
    is_regression = bot.profit_mode == ProfitMode.REGRESSION
    plugin = plugin_of(bot.strategy)
    if bot.strategy == SPREAD:
        yield _("Takes profit on"), str(bot.get_profit_mode_display())
    if bot.strategy == SPREAD or (plugin and "profit" in plugin.strategy.reads):
        yield _("Take profit"), _points(bot.profit_ratio) if is_regression else _percent(bot.profit_ratio)
    yield _("Stop loss"), _percent(bot.stop_loss_ratio) if bot.stop_loss_ratio else _("Off")
    yield _("After a close"), _("Pause") if bot.pause_after_close else _("Wait for the next")
    yield _("After a stop loss"), _("Wait for the next") if bot.restart_after_stop_loss else _("Pause")
    yield _("P&L"), str(bot.get_pnl_basis_display())


def _safety(bot: Bot) -> Iterator[tuple[str, str]]:
    decides = str(bot.get_decide_on_display())
    if bot.decide_on == DecideOn.CANDLE_CLOSE:
        decides = f"{decides} · {TIMEFRAME_WORDS[bot.timeframe]}"
    yield _("Decides on"), decides
    yield _("Looks every"), _("%(s)s s") % {"s": bot.tick_interval}
    yield _("Maximum slippage"), _percent(bot.max_slippage)
    yield _("Widest book"), _percent(bot.max_book_spread)
    if 2 in bot.legs:
        yield _("Maximum imbalance"), _percent(bot.max_imbalance)
    yield _("Oldest quote"), _("%(s)s s") % {"s": bot.max_quote_age}
    if 2 in bot.legs:
        yield _("A leg alone"), str(bot.get_lone_leg_policy_display())
    yield _("Protective stop at the exchange"), _percent(bot.protective_stop) if bot.protective_stop else _("Off")
    longest = bot.max_hours_in_position
    yield _("Longest in position"), _("%(h)s h") % {"h": grouped(longest)} if longest else _("No limit")
    yield _("When the pair breaks apart"), str(bot.get_pair_break_policy_display())
    paused = _("Stop loss and take profit off") if bot.freeze_exits else _("Stop loss and take profit armed")
    yield _("While paused"), paused


def _percent(value: Decimal) -> str:
    return f"{grouped(value)}\u2009%"


def _points(value: Any, *, signed: bool = False) -> str:
    return f"{grouped(value, signed=signed)} {_('pp')}"


def _price(value: Decimal) -> str:
    return decimal_text(value)
