"""The settings of a bot one by one: how each is read, which are needed, and when each may change."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Field
from django.utils.translation import gettext_lazy as _

from bots.models import (
    LEVERAGES,
    TIMEFRAMES,
    AllowedSide,
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
from bots.order_sizes import read_sizing
from bots.settings.readers import read_choice, read_flag, read_instant, read_number, read_text, read_whole
from bots.strategies.settings import read_strategy
from exchanges.symbols import canonical, quote_of, settle_of
from trading.core.types import LEVELS_MAX

NAME_LENGTH = 80
MONEY_MAX = "1000000000"
RATIO_MAX = "1000"
HOURS_MAX = "8760"
MONEY_PLACES = 8
RATIO_PLACES = 4

PAIR = ("exchange_account", "exchange_account2", "market1_symbol", "market2_symbol")
"""What the pair is made of; a change of these or of the start time fetches start prices anew."""

REQUIRED = (
    "bot_name",
    "exchange_account",
    "market1_symbol",
    "market2_symbol",
    "start_time",
    "investment_per_order",
    "max_position_value",
    "dca_config",
)
OPTIONAL = frozenset({"max_hours_in_position", "protective_stop"})
"""Sent empty, they are off."""
ANY_TIME = frozenset({"bot_name", "tick_interval"})
NOT_RUNNING = frozenset(
    {
        "max_slippage",
        "max_book_spread",
        "max_imbalance",
        "max_quote_age",
        "lone_leg_policy",
        "max_hours_in_position",
        "pair_break_policy",
        "freeze_exits",
        "protective_stop",
    }
)
"""Changed in position too, as long as the bot does not run; the ladder too, past the levels that are filled."""
IN_POSITION = NOT_RUNNING | {"profit_ratio", "stop_loss_ratio"}
LADDER = frozenset({"dca_config", "max_dca_times"})


def read_symbol(value: Any) -> str:
    if not isinstance(value, str):
        raise ValidationError(_("Enter a market, such as GALA/USDT."), code="symbol")
    try:
        symbol = canonical(value)
    except ValueError:
        raise ValidationError(_("Enter a market, such as GALA/USDT."), code="symbol") from None
    if settle_of(symbol) != quote_of(symbol):
        raise ValidationError(
            _("%(symbol)s is not a linear perpetual: it does not settle in the currency that it is quoted in."),
            code="not_linear",
            params={"symbol": symbol},
        )
    return symbol


def read_leverage(value: Any) -> int:
    leverage = read_whole(value, low=1, high=max(LEVERAGES))
    if leverage not in LEVERAGES:
        raise ValidationError(
            _("Choose one of: %(choices)s."), code="choice", params={"choices": ", ".join(map(str, LEVERAGES))}
        )
    return leverage


def read_params(value: Any) -> dict[str, Any]:
    """An object; what may be in it is the strategy's business (`bots.strategies.settings`)."""
    if not isinstance(value, dict):
        raise ValidationError(_("Enter names and values."), code="object")
    return value


def _money(value: Any) -> Any:
    return read_number(value, high=MONEY_MAX, places=MONEY_PLACES)


def _percent(high: str) -> Callable[[Any], Any]:
    return lambda value: read_number(value, high=high, places=RATIO_PLACES)


def _choice(choices: Any) -> Callable[[Any], str]:
    return lambda value: read_choice(value, [str(choice) for choice in choices])


READERS: dict[str, Callable[[Any], Any]] = {
    "bot_name": lambda value: read_text(value, longest=NAME_LENGTH),
    "strategy": read_strategy,
    "strategy_params": read_params,
    "sizing": read_sizing,
    "market1_symbol": read_symbol,
    "market2_symbol": read_symbol,
    "start_time": read_instant,
    "leverage": read_leverage,
    "margin_mode": _choice(MarginMode.values),
    "order_type_open": _choice(OrderKind.values),
    "order_type_close": _choice(OrderKind.values),
    "investment_per_order": _money,
    "max_position_value": _money,
    "max_dca_times": lambda value: read_whole(value, low=1, high=LEVELS_MAX),
    "opening": _choice(Opening.values),
    "allowed_side": _choice(AllowedSide.values),
    "profit_mode": _choice(ProfitMode.values),
    "profit_ratio": lambda value: read_number(
        value, low="-" + RATIO_MAX, high=RATIO_MAX, above_low=False, places=RATIO_PLACES
    ),
    "stop_loss_ratio": lambda value: read_number(value, high=RATIO_MAX, above_low=False, places=RATIO_PLACES),
    "pause_after_close": read_flag,
    "restart_after_stop_loss": read_flag,
    "pnl_basis": _choice(PnlBasis.values),
    "decide_on": _choice(DecideOn.values),
    "timeframe": _choice(TIMEFRAMES),
    "tick_interval": lambda value: read_whole(value, low=1, high=3600),
    "max_slippage": _percent("50"),
    "max_book_spread": _percent("50"),
    "max_imbalance": _percent("100"),
    "max_quote_age": lambda value: read_whole(value, low=1, high=3600),
    "lone_leg_policy": _choice(LoneLegPolicy.values),
    "protective_stop": _percent("100"),
    "max_hours_in_position": lambda value: read_number(value, high=HOURS_MAX, places=RATIO_PLACES),
    "pair_break_policy": _choice(PairBreakPolicy.values),
    "freeze_exits": read_flag,
}
"""All settings but the accounts and the ladder, which are read together with others."""


def default_of(name: str) -> Any:
    field = Bot._meta.get_field(name)
    assert isinstance(field, Field)
    return field.get_default()
