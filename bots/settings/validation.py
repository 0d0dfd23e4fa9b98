"""Settings of a bot as they arrive, checked as a whole: every mistake is named at once, beside its field."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bots.amounts import grouped
from bots.holdings import has_position, is_flat_and_settled
from bots.ladder.rows import ladder_length_error, read_ladder
from bots.models import Bot, BotStatus
from bots.settings.draft import Draft
from bots.settings.fields import (
    ANY_TIME,
    IN_POSITION,
    LADDER,
    NOT_RUNNING,
    OPTIONAL,
    PAIR,
    READERS,
    REQUIRED,
    default_of,
)
from bots.settings.pair_rules import (
    Errors,
    account_errors,
    leverage_error,
    market_errors,
    pair_of,
    read_account,
    start_prices,
)
from bots.settings.protection_rules import protection_error
from bots.settings.readers import required
from bots.strategies.settings import SPREAD, check_strategy, default_ladder, plugin_of

START_PRICES = ("market1_start_price", "market2_start_price")


def clean_bot_data(user: User, data: Any, *, bot: Bot | None = None, now: datetime) -> dict[str, Any]:
    """Columns to write: all of a new bot, or those that change of `bot` (what is not sent stays as it is).

    Start prices are among them wherever the start time or the pair is new. Asks venues about markets and prices, so
    call it outside transactions. Raises ValidationError by field; ExchangeError where a venue does not answer.
    """
    draft = examine(user, data, bot=bot, now=now)
    if draft.errors:
        raise ValidationError(draft.errors)
    return draft.changes


def examine(user: User, data: Any, *, bot: Bot | None = None, now: datetime, with_pair: bool = False) -> Draft:
    """The same without raising for what is wrong: also for a form that is half filled in.

    `with_pair`: `Draft.pair` is wanted whether or not anything about it changes.
    """
    draft = Draft(bot)
    if not user.can_trade:
        draft.refuse(NON_FIELD_ERRORS, ValidationError(_("Viewers cannot create or change bots."), code="viewer"))
    if not isinstance(data, Mapping):
        draft.refuse(NON_FIELD_ERRORS, ValidationError(_("Send the settings as an object."), code="not_an_object"))
        return draft
    _read_fields(draft, data)
    _read_accounts(draft, user, data)
    check_strategy(draft, data)
    _read_ladder(draft, data)
    _check_pair(draft, always=with_pair)
    _check_start(draft, now)
    _check_cap(draft)
    _check_protection(draft)
    if bot is not None:
        draft.refuse_all(change_errors(bot, draft.changes))
    _check_take_profit(draft)
    return draft


def change_errors(bot: Bot, changes: Mapping[str, Any]) -> Errors:
    """Why these columns of this bot may not change now."""
    if bot.status == BotStatus.RUNNING:
        sentence = _("Pause or stop the bot first: this cannot change while it runs.")
        return _refused(changes.keys() - ANY_TIME - set(START_PRICES), sentence, "running")
    if is_flat_and_settled(bot):
        return []
    free = ANY_TIME | IN_POSITION | LADDER if has_position(bot) else ANY_TIME | NOT_RUNNING
    sentence = _("This can change only while no position is open and no order is under way.")
    locked = _refused(changes.keys() - free - set(START_PRICES), sentence, "in_position")
    return locked + _ladder_change_errors(bot, changes)


def _refused(fields: Any, sentence: Any, code: str) -> Errors:
    return [(field, ValidationError(sentence, code=code)) for field in sorted(fields)]


def _ladder_change_errors(bot: Bot, changes: Mapping[str, Any]) -> Errors:
    found: Errors = []
    params = {"level": bot.level}
    if changes.get("dca_config", bot.dca_config)[: bot.level] != bot.dca_config[: bot.level]:
        sentence = _("The levels up to %(level)s are filled; only later ones can change.")
        found.append(("dca_config", ValidationError(sentence, code="level_filled", params=params)))
    if changes.get("max_dca_times", bot.max_dca_times) < bot.level:
        sentence = _("%(level)s levels are filled already.")
        found.append(("max_dca_times", ValidationError(sentence, code="level_filled", params=params)))
    return found


def _read_fields(draft: Draft, data: Mapping[Any, Any]) -> None:
    for name, reader in READERS.items():
        value = data.get(name)
        if value is None or (value == "" and name not in REQUIRED):
            _keep(draft, name, sent=name in data)
        elif value == "":
            draft.refuse(name, required())
        else:
            draft.read(name, partial(reader, value))


def _keep(draft: Draft, name: str, *, sent: bool) -> None:
    """Nothing (usable) was sent: the bot's own value, else the default, else it is missing."""
    if sent and name in OPTIONAL:
        draft.values[name] = None
    elif draft.bot is not None and not (sent and name in REQUIRED):
        draft.values[name] = getattr(draft.bot, name)
    elif name in REQUIRED:
        draft.refuse(name, required())
    else:
        draft.values[name] = default_of(name)


def _read_ladder(draft: Draft, data: Mapping[Any, Any]) -> None:
    is_open = draft.bot is None or "dca_config" in data
    if data.get("dca_config") is None and is_open and _own_ladder(draft, data):
        return
    if data.get("dca_config") is None:
        _keep(draft, "dca_config", sent="dca_config" in data)
    else:
        draft.read("dca_config", lambda: read_ladder(data["dca_config"]))
    if draft.has("dca_config", "max_dca_times"):
        error = ladder_length_error(draft.values["dca_config"], draft.values["max_dca_times"])
        if error:
            draft.refuse("dca_config", error)


def _own_ladder(draft: Draft, data: Mapping[Any, Any]) -> bool:
    """A strategy with thresholds of its own may do without one."""
    plugin = plugin_of(draft.values.get("strategy"))
    if plugin is None or plugin.name == SPREAD:
        return False
    draft.values["dca_config"] = default_ladder(plugin)
    if data.get("max_dca_times") is None:
        draft.values["max_dca_times"] = plugin.strategy.levels
    elif draft.has("max_dca_times") and draft.values["max_dca_times"] != plugin.strategy.levels:
        row = draft.values["dca_config"][0]
        draft.values["dca_config"] = [row | {"times": level + 1} for level in range(draft.values["max_dca_times"])]
    return True


def _read_accounts(draft: Draft, user: User, data: Mapping[Any, Any]) -> None:
    if draft.bot is not None and "exchange_account" not in data:
        draft.values["exchange_account"] = draft.bot.exchange_account
    else:
        draft.read("exchange_account", lambda: read_account(user, data.get("exchange_account")))
    if draft.bot is not None and "exchange_account2" not in data:
        draft.values["exchange_account2"] = draft.bot.exchange_account2
    elif data.get("exchange_account2") in (None, ""):
        draft.values["exchange_account2"] = None
    else:
        draft.read("exchange_account2", lambda: read_account(user, data["exchange_account2"]))
    _check_accounts(draft)


def _check_accounts(draft: Draft) -> None:
    if draft.values.get("exchange_account2") is None:
        return
    if draft.has("exchange_account", "exchange_account2"):
        one, two = draft.values["exchange_account"], draft.values["exchange_account2"]
        draft.refuse_all(account_errors(one, two))
        if one.pk == two.pk:
            draft.values["exchange_account2"] = None


def _check_pair(draft: Draft, *, always: bool) -> None:
    """A bot that keeps its pair needs no look at the venue, so that it can be renamed while that is down."""
    if not draft.has(*PAIR):
        return
    if draft.bot is not None and not always and not draft.is_changed(*PAIR, "start_time", "leverage"):
        return
    one = draft.values["exchange_account"]
    accounts = (one, draft.values["exchange_account2"] or one)
    symbols = (draft.values["market1_symbol"], draft.values["market2_symbol"])
    if draft.refuse_all(market_errors(accounts, symbols)):
        return
    draft.pair = pair_of(accounts, symbols)
    if draft.has("leverage"):
        error = leverage_error(draft.pair, draft.values["leverage"])
        if error:
            draft.refuse("leverage", error)


def _check_start(draft: Draft, now: datetime) -> None:
    if draft.bot is not None and not draft.is_changed(*PAIR, "start_time"):
        draft.values |= {name: getattr(draft.bot, name) for name in START_PRICES}
        return
    if draft.pair is None or not draft.has("start_time"):
        return
    try:
        prices = start_prices(draft.pair, draft.values["start_time"], now)
    except ValidationError as error:
        draft.refuse("start_time", error)
    else:
        draft.values |= dict(zip(START_PRICES, prices, strict=True))


def _check_cap(draft: Draft) -> None:
    """A cap below the whole ladder only shortens it; a cap below the first order leaves nothing to do."""
    if not draft.has("investment_per_order", "max_position_value", "dca_config"):
        return
    first = Decimal(str(draft.values["dca_config"][0]["multiplier"]))
    legs = 2 if draft.values.get("market2_symbol") else 1
    needed = legs * draft.values["investment_per_order"] * first
    if needed > draft.values["max_position_value"]:
        params = {"needed": grouped(needed), "cap": grouped(draft.values["max_position_value"])}
        sentence = _("The first order of both legs needs %(needed)s, more than the maximum of %(cap)s.")
        if legs == 1:
            sentence = _("The first order needs %(needed)s, more than the maximum of %(cap)s.")
        draft.refuse("max_position_value", ValidationError(sentence, code="cap", params=params))


def _check_protection(draft: Draft) -> None:
    names = ("protective_stop", "stop_loss_ratio", "dca_config", "max_dca_times", "leverage", "margin_mode")
    if not draft.has(*names):
        return
    stop, stop_loss, ladder, levels, leverage, margin_mode = (draft.values[name] for name in names)
    error = protection_error(
        stop=stop, stop_loss=stop_loss, ladder=ladder, levels=levels, leverage=leverage, margin_mode=margin_mode
    )
    if error:
        draft.refuse("protective_stop", error)


def _check_take_profit(draft: Draft) -> None:
    """0 or less means "get me out": only with a position to get out of, and the bot must pause afterwards."""
    if not draft.has("profit_ratio", "pause_after_close") or draft.values["profit_ratio"] > 0:
        return
    if draft.bot is not None and not draft.is_changed("profit_ratio", "pause_after_close"):
        return
    if draft.bot is None or not has_position(draft.bot):
        sentence = _("Take profit must be above 0 while no position is open.")
        draft.refuse("profit_ratio", ValidationError(sentence, code="get_me_out_flat"))
    elif not draft.values["pause_after_close"]:
        sentence = _("A take profit of 0 or less needs the pause after a close.")
        draft.refuse("profit_ratio", ValidationError(sentence, code="get_me_out_pause"))
