"""The wish for a back-test as it arrives, checked as a whole: every mistake is named at once, beside its field."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bots.models import Bot
from bots.selectors import bot_of
from bots.settings.fields import NAME_LENGTH, read_symbol
from bots.settings.readers import read_choice, read_flag, read_instant, read_text, read_whole, required
from bots.strategies.registry import strategy_of
from exchanges.history.download_data import EXCHANGES as SHELVES
from exchanges.symbols import settle_of
from exchanges.timeframes import TIMEFRAME_MS
from trading.backtests.errors import BacktestRefused
from trading.backtests.from_bot import settings_of_bot
from trading.backtests.history import History, HistoryRefused, history_of
from trading.backtests.markets import to_ms
from trading.backtests.parameters import parse_parameters

EXCHANGES: Final = list(SHELVES)
MARKETS: Final = ("market1_symbol", "market2_symbol")
REQUIRED: Final = ("exchange", "market1_symbol", "timeframe", "parameters")
BOT_ID_MAX: Final = 2**63 - 1


def _read_parameters(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise ValidationError(_("Send the parameters as an object."), code="not_an_object")
    return dict(value)


def _read_strategy(value: Any) -> str:
    try:
        return strategy_of(value if isinstance(value, str) else "").name
    except LookupError as error:
        raise ValidationError(str(error), code="strategy") from None


READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "name": lambda value: read_text(value, longest=NAME_LENGTH),
    "strategy": _read_strategy,
    "exchange": lambda value: read_choice(value, EXCHANGES),
    "market1_symbol": read_symbol,
    "market2_symbol": read_symbol,
    "timeframe": lambda value: read_choice(value, list(TIMEFRAME_MS)),
    "since": read_instant,
    "until": read_instant,
    "use_funding": read_flag,
    "parameters": _read_parameters,
}
DEFAULTS: Final[dict[str, Any]] = {
    "name": "",
    "strategy": "spread",
    "market2_symbol": "",
    "since": None,
    "until": None,
    "use_funding": True,
}


class Wish:
    """What could be read (`values`, columns of the row) and everything that is wrong (`errors`)."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.errors: dict[str, list[ValidationError]] = {}

    def refuse(self, field: str, error: ValidationError) -> None:
        self.errors.setdefault(field, []).extend(error.error_list)

    def has(self, *fields: str) -> bool:
        return all(field in self.values and field not in self.errors for field in fields)


def clean_backtest_data(user: User, data: Any, *, needs_parameters: bool = True) -> dict[str, Any]:
    """Columns of a new row. Raises ValidationError by field (parameters' problems under their own names), and
    Bot.DoesNotExist.

    What is not sent comes from the bot, if one is named; `parameters` as a whole. `needs_parameters=False`: a search
    may vary those that a run needs, so that `parameters` are taken as they are.
    """
    wish = Wish()
    if not isinstance(data, Mapping):
        raise ValidationError(_("Send the settings as an object."), code="not_an_object")
    bot = _bot(user, wish, data.get("bot"))
    _read_fields(wish, (settings_of_bot(bot) if bot else {}) | _sent(data))
    _refuse_unknown(wish, data)
    _check_number_of_markets(wish)
    _check_pair(wish)
    history = _check_history(wish)
    if needs_parameters and wish.has("parameters", "strategy"):
        _check_parameters(wish, history)
    if wish.errors:
        raise ValidationError(wish.errors)
    return wish.values | {"bot": bot, "total": history.bars if history else 0}


def _bot(user: User, wish: Wish, value: Any) -> Bot | None:
    if value in (None, ""):
        return None
    try:
        return bot_of(user, read_whole(value, low=1, high=BOT_ID_MAX))
    except ValidationError as error:
        wish.refuse("bot", error)
        return None


def _sent(data: Mapping[Any, Any]) -> dict[Any, Any]:
    """Empty values count as not sent."""
    return {name: value for name, value in data.items() if value not in (None, "")}


def _read_fields(wish: Wish, data: Mapping[Any, Any]) -> None:
    for name, reader in READERS.items():
        if name in data:
            try:
                wish.values[name] = reader(data[name])
            except ValidationError as error:
                wish.refuse(name, error)
        elif name in REQUIRED:
            wish.refuse(name, required())
        else:
            wish.values[name] = DEFAULTS[name]


def _check_number_of_markets(wish: Wish) -> None:
    """Only now it is known how many the strategy trades."""
    if not wish.has("strategy"):
        return
    is_given, is_wanted = "market2_symbol" in wish.values, strategy_of(wish.values["strategy"]).markets == 2
    if is_wanted and wish.values.get("market2_symbol") == "":
        wish.refuse("market2_symbol", required())
    elif is_given and wish.values["market2_symbol"] and not is_wanted:
        sentence = _("This strategy trades one market: leave market 2 empty.")
        wish.refuse("market2_symbol", ValidationError(sentence, code="one_market"))


def _refuse_unknown(wish: Wish, data: Mapping[Any, Any]) -> None:
    for name in data:
        if name not in READERS and name != "bot":
            shown = name[:60] if isinstance(name, str) else repr(name)[:60]
            wish.refuse(shown, ValidationError(_("This is not a setting of a back-test."), code="unknown"))


def _check_pair(wish: Wish) -> None:
    if not wish.has(*MARKETS):
        return
    one, two = (wish.values[name] for name in MARKETS)
    if not two:
        return
    if one == two:
        wish.refuse("market2_symbol", ValidationError(_("Choose two different markets."), code="same_market"))
    elif settle_of(one) != settle_of(two):
        sentence = _("Both markets must settle in one currency; these settle in %(one)s and %(two)s.")
        params = {"one": settle_of(one), "two": settle_of(two)}
        wish.refuse("market2_symbol", ValidationError(sentence, code="settle", params=params))


def _check_history(wish: Wish) -> History | None:
    """What of the store the run goes over."""
    if not wish.has("exchange", *MARKETS, "timeframe", "since", "until"):
        return None
    names = ("exchange", *MARKETS, "timeframe", "since", "until")
    try:
        return history_of(*(wish.values[name] for name in names))
    except HistoryRefused as refused:
        for field, error in refused.errors:
            wish.refuse(field, error)
        return None


def _check_parameters(wish: Wish, history: History | None) -> None:
    try:
        parsed = parse_parameters(wish.values["parameters"], wish.values["strategy"])
    except BacktestRefused as refused:
        for problem in refused.problems:
            name, text = _named(problem)
            wish.refuse(name, ValidationError(text, code="parameter"))
        return
    if history and parsed.start_time is not None:
        _check_start(wish, parsed.start_time, history)


def _check_start(wish: Wish, start: int, history: History) -> None:
    """The bars from the start on are those of the run."""
    if start > to_ms(history.last):
        sentence = _("Lies after the last bar of the back-test, which opens at %(last)s UTC.")
        params = {"last": f"{history.last:%Y-%m-%d %H:%M}"}
        wish.refuse("start_time", ValidationError(sentence, code="start_time", params=params))


def _named(problem: str) -> tuple[str, str]:
    """`profit_ratio: must be above 0` as the field and what is wrong with it."""
    name, found, text = problem.partition(": ")
    return (name, text) if found else (NON_FIELD_ERRORS, problem)
