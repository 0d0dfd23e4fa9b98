"""The bot form between browser and services: values as typed, the ladder's rows, errors beside what they are about.

No rules here: `bots.settings.validation` and `bots.ladder.rows` say what is wrong.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.http import QueryDict

from bots.holdings import has_position, is_flat_and_settled
from bots.ladder.presets import DEFAULT_PRESET, Preset, preset_of
from bots.ladder.rows import read_ladder
from bots.models import LEVERAGES, TIMEFRAMES, Bot, BotStatus, DecideOn
from bots.settings.fields import ANY_TIME, IN_POSITION, LADDER, NOT_RUNNING, RATIO_PLACES, READERS, default_of
from bots.settings.form_values import shown_instant, shown_number, typed_instant, typed_number
from bots.strategies.form import (
    PREFIX,
    SIZE_PREFIX,
    param_values,
    posted_params,
    posted_sizes,
    size_values,
    typed_params,
    typed_sizes,
)
from bots.strategies.settings import PARAMS, SPREAD, default_ladder, markets_of_strategy, plugin_of
from exchanges.symbols import short
from trading.core.types import LEVELS_MAX

MONEY: Final = ("investment_per_order", "max_position_value")
PERCENT: Final = ("profit_ratio", "stop_loss_ratio", "max_slippage", "max_book_spread", "max_imbalance")
NUMBERS: Final = (*MONEY, *PERCENT, "max_hours_in_position", "protective_stop")
FLAGS: Final = ("restart_after_stop_loss", "freeze_exits")
SYMBOLS: Final = ("market1_symbol", "market2_symbol")
ACCOUNTS: Final = ("exchange_account", "exchange_account2")
HIDDEN: Final = ("strategy", "strategy_params", "sizing", "max_dca_times")
FIELDS: Final = (*ACCOUNTS, *(name for name in READERS if name not in HIDDEN))
ADVANCED: Final = frozenset(
    {
        "exchange_account2",
        "order_type_close",
        "pnl_basis",
        "decide_on",
        "timeframe",
        "tick_interval",
        "restart_after_stop_loss",
        "max_slippage",
        "max_book_spread",
        "max_imbalance",
        "max_quote_age",
        "lone_leg_policy",
        "max_hours_in_position",
        "protective_stop",
        "pair_break_policy",
        "freeze_exits",
    }
)


@dataclass
class LadderRow:
    """One level as typed; `errors` are about this row, `bad` names the columns that they are about."""

    level: int
    spread: str
    multiplier: str
    is_locked: bool = False
    errors: list[str] = field(default_factory=list)
    bad: set[str] = field(default_factory=set)

    def sent(self) -> dict[str, Any]:
        return {"times": self.level, "spread": typed_number(self.spread), "multiplier": typed_number(self.multiplier)}


@dataclass
class BotForm:
    """`locked` fields are shown and not read: the bot keeps what it has."""

    values: dict[str, str]
    rows: list[LadderRow]
    locked: frozenset[str] = frozenset()
    errors: dict[str, list[str]] = field(default_factory=dict)
    kept_start: str = ""
    kept_rows: list[tuple[str, str]] = field(default_factory=list)

    def data(self) -> dict[str, Any]:
        """For `bots.services` and `bots.preview.whole`. What shows less than the bot has (the start time's seconds,
        levels that are not used) is sent only when it was changed.
        """
        untouched = {"start_time"} if self.values["start_time"] == self.kept_start else set()
        sent: dict[str, Any] = {
            name: text
            for name, text in self.values.items()
            if name not in self.locked and name not in untouched and not name.startswith((PREFIX, SIZE_PREFIX))
        }
        if "sizing" not in self.locked:
            sent["sizing"] = typed_sizes(self.values)
        if PARAMS not in self.locked:
            sent[PARAMS] = typed_params(self.values)
        if markets_of_strategy(self.values["strategy"]) == 1:
            sent |= dict.fromkeys({"market2_symbol", "exchange_account2"} & sent.keys(), "")
        is_kept = bool(self.kept_rows) and [(row.spread, row.multiplier) for row in self.rows] == self.kept_rows
        if "dca_config" not in self.locked and not is_kept:
            sent |= {"dca_config": [row.sent() for row in self.rows], "max_dca_times": len(self.rows)}
        for name in NUMBERS:
            if name in sent:
                sent[name] = typed_number(sent[name])
        if "start_time" in sent:
            sent["start_time"] = typed_instant(sent["start_time"])
        return sent

    def refuse(self, errors: Mapping[str, Iterable[str]]) -> None:
        """Takes the errors of the services; those of a ladder's row go to the row."""
        self.errors = {name: list(texts) for name, texts in errors.items()}
        for text in self.errors.pop("sizing", []):
            name, _colon, complaint = text.partition(": ")
            self.errors.setdefault(f"{SIZE_PREFIX}{name}", []).append(complaint or text)
        about_rows = self._mark_rows()
        ladder = [text for text in self.errors.pop("dca_config", []) if text not in about_rows]
        if ladder:
            self.errors["dca_config"] = ladder

    @property
    def needs_advanced(self) -> bool:
        """Whether an error hides among the folded settings."""
        return not ADVANCED.isdisjoint(self.errors)

    @property
    def can_add(self) -> bool:
        return len(self.rows) < LEVELS_MAX and "dca_config" not in self.locked

    def _mark_rows(self) -> set[str]:
        try:
            read_ladder([row.sent() for row in self.rows])
        except ValidationError as error:
            found = set()
            for each in error.error_list:
                level = (each.params or {}).get("level")
                if level is not None:
                    text = each.messages[0]
                    self.rows[level - 1].errors.append(text)
                    self.rows[level - 1].bad.add((each.params or {}).get("column", ""))
                    found.add(text)
            return found
        return set()


def form_from_post(post: QueryDict, bot: Bot | None) -> BotForm:
    locked = locked_fields(bot)
    values = {name: post.get(name, "") for name in FIELDS}
    values |= {name: "true" if post.get(name) else "false" for name in FLAGS}
    values["strategy"] = post.get("strategy") or SPREAD
    values |= param_values(values["strategy"], posted_params(post)) | size_values(posted_sizes(post))
    if values["strategy"] != SPREAD:
        values["decide_on"] = DecideOn.CANDLE_CLOSE.value
    form = BotForm(values, _posted_rows(post), locked)
    if bot is not None:
        shown = form_of_bot(bot)
        form.kept_start, form.kept_rows = shown.kept_start, shown.kept_rows
        form.values |= {name: shown.values[name] for name in locked if name in shown.values}
        if "dca_config" in locked:
            form.rows = shown.rows
        for row in form.rows:
            row.is_locked = "dca_config" in locked or row.level <= bot.level
    return form


def form_of_bot(bot: Bot) -> BotForm:
    values = {name: _shown(name, getattr(bot, name)) for name in READERS if name not in HIDDEN}
    values |= {"strategy": bot.strategy} | param_values(bot.strategy, bot.strategy_params)
    values |= size_values(bot.sizing)
    values["exchange_account"] = str(bot.exchange_account_id)
    values["exchange_account2"] = str(bot.exchange_account2_id or "")
    locked = locked_fields(bot)
    rows = [
        LadderRow(
            level,
            shown_number(row["spread"]),
            shown_number(row["multiplier"]),
            is_locked="dca_config" in locked or level <= bot.level,
        )
        for level, row in enumerate(bot.dca_config[: bot.max_dca_times], start=1)
    ]
    kept_rows = [(row.spread, row.multiplier) for row in rows]
    return BotForm(values, rows, locked, kept_start=values["start_time"], kept_rows=kept_rows)


def form_of_copy(bot: Bot, name: str) -> BotForm:
    form = form_of_bot(bot)
    form.values["bot_name"] = name
    form.locked, form.kept_start, form.kept_rows = frozenset(), "", []
    for row in form.rows:
        row.is_locked = False
    return form


def blank_form(account_id: int | None, symbols: tuple[str, str], start: datetime) -> BotForm:
    """Everything at its default, 100 per order, a cap that the whole default ladder fits under."""
    values = {name: _shown(name, default_of(name)) for name in READERS if name not in HIDDEN}
    values |= {"bot_name": "", "investment_per_order": "100.00", "start_time": shown_instant(start)}
    values |= dict(zip(SYMBOLS, (short(symbol) for symbol in symbols), strict=True))
    values |= {"exchange_account": str(account_id or ""), "exchange_account2": "", "strategy": SPREAD}
    values |= size_values({})
    form = BotForm(values, preset_rows(DEFAULT_PRESET))
    total = 2 * 100 * sum(float(row.multiplier) for row in form.rows)
    values["max_position_value"] = shown_number(round(total, 2))
    return form


def form_of_parameters(
    parameters: Mapping[str, Any],
    *,
    name: str,
    account_id: int | None,
    symbols: tuple[str, str],
    timeframe: str,
    start: datetime,
    strategy: str = SPREAD,
) -> BotForm:
    """A new bot by a back-test's parameters (docs/backtests.md): those that a bot has, all else at its default.

    It decides when the back-test did, at the close of a candle.
    """
    form = blank_form(account_id, symbols, start)
    known = {field: parameters[field] for field in FIELDS if parameters.get(field) is not None}
    known.pop("start_time", None)
    form.values |= {field: _shown(field, value) for field, value in known.items()} | {"bot_name": name}
    form.values |= {"strategy": strategy} | param_values(strategy, parameters.get(PARAMS) or {})
    form.values |= size_values(parameters.get("sizing") or {})
    leverage = parameters.get("leverage")
    form.values["leverage"] = str(int(leverage) if leverage in LEVERAGES else default_of("leverage"))
    if (imbalance := parameters.get("max_imbalance")) is not None:
        form.values["max_imbalance"] = shown_number(round(float(imbalance) * 100, RATIO_PLACES))
    if timeframe in TIMEFRAMES:
        form.values |= {"decide_on": DecideOn.CANDLE_CLOSE.value, "timeframe": timeframe}
    ladder = parameters["dca_config"][: parameters.get("max_dca_times") or None]
    form.rows = [
        LadderRow(level, shown_number(row["spread"]), shown_number(row["multiplier"]))
        for level, row in enumerate(ladder, start=1)
    ]
    return form


def preset_rows(preset: Preset) -> list[LadderRow]:
    return [
        LadderRow(level, shown_number(spread), shown_number(multiplier))
        for level, (spread, multiplier) in enumerate(preset.levels, start=1)
    ]


def change_rows(form: BotForm, wish: str, preset_key: str) -> None:
    """What the buttons do: `add` and `remove:<level>` of the ladder, `preset`, `swap` of the pair, a warning's
    `cure:<field>=<value>`.
    """
    action, _colon, argument = wish.partition(":")
    if action == "swap":
        one, two = (form.values[name] for name in SYMBOLS)
        form.values |= dict(zip(SYMBOLS, (two, one), strict=True))
    elif action == "strategy":
        fit_to_strategy(form)
    elif action == "add" and form.can_add:
        last = form.rows[-1] if form.rows else LadderRow(0, "1.00", "1.00")
        form.rows.append(LadderRow(len(form.rows) + 1, last.spread, last.multiplier))
    elif action == "remove" and argument.isdecimal():
        form.rows = [row for row in form.rows if row.is_locked or row.level != int(argument)]
    elif action == "cure":
        name, _equals, value = argument.partition("=")
        if name in NUMBERS and name not in form.locked:
            form.values[name] = shown_number(value)
    elif action == "preset" and (preset := preset_of(preset_key)) and "dca_config" not in form.locked:
        kept = [row for row in form.rows if row.is_locked]
        form.rows = [*kept, *preset_rows(preset)[len(kept) :]]
    for level, row in enumerate(form.rows, start=1):
        row.level = level


def fit_to_strategy(form: BotForm) -> None:
    """Another strategy was chosen: its own ladder where it has one, and a cap under which all of it fits."""
    plugin = plugin_of(form.values["strategy"])
    if plugin is None or "strategy" in form.locked:
        return
    if plugin.name == SPREAD:
        form.rows = preset_rows(DEFAULT_PRESET)
        form.values["decide_on"] = str(default_of("decide_on"))
    else:
        rows = default_ladder(plugin)
        form.rows = [LadderRow(row["times"], "1.00", "1.00") for row in rows]
    try:
        investment = Decimal(typed_number(form.values["investment_per_order"]))
    except InvalidOperation:
        return
    total = plugin.markets * investment * sum((Decimal(row.multiplier) for row in form.rows), Decimal())
    form.values["max_position_value"] = shown_number(total)


def locked_fields(bot: Bot | None) -> frozenset[str]:
    """What cannot change now, so that the form says so before anybody tries."""
    if bot is None:
        return frozenset()
    own = {"strategy", PARAMS, "sizing", *param_values(bot.strategy, {}), *size_values({})}
    everything = frozenset(FIELDS) | LADDER | own
    if bot.status == BotStatus.RUNNING:
        return everything - ANY_TIME
    if is_flat_and_settled(bot):
        return frozenset()
    if has_position(bot):
        return everything - ANY_TIME - IN_POSITION - LADDER
    return everything - ANY_TIME - NOT_RUNNING


def _posted_rows(post: QueryDict) -> list[LadderRow]:
    spreads, multipliers = post.getlist("ladder_spread"), post.getlist("ladder_multiplier")
    pairs = list(zip(spreads, multipliers, strict=False))[: LEVELS_MAX + 1]
    return [LadderRow(level, spread, multiplier) for level, (spread, multiplier) in enumerate(pairs, start=1)]


def _shown(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return shown_instant(value)
    if name in NUMBERS and value is not None:
        return shown_number(value)
    if name in SYMBOLS and value:
        return short(value)
    return "" if value is None else str(value)
