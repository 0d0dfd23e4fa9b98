"""The settings of a back-test as somebody types them: read one by one, every mistake beside its field."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from bots.ladder.rows import read_ladder
from bots.settings.fields import MONEY_MAX, NAME_LENGTH, RATIO_MAX, read_symbol
from bots.settings.fields import READERS as BOT_READERS
from bots.settings.readers import read_choice, read_flag, read_instant, read_number, read_text, required
from bots.strategies.registry import strategy_of
from bots.strategies.words import complaint
from exchanges.history.download_data import EXCHANGES
from exchanges.timeframes import TIMEFRAME_MS
from trading.backtests.parameters import FILLS
from trading.strategies.parameters import ParametersRefused
from trading.strategies.position_sizes import read_sizes

PLACES: Final = 12
HUNDRED: Final = Decimal(100)

FEES: Final = ("taker_fee", "maker_fee")
PERCENT: Final = (*FEES, "max_imbalance", "maintenance_margin")
"""Typed in percent, kept as fractions."""
LOTS: Final = ("lot_step1", "lot_step2", "min_amount1", "min_amount2", "min_notional1", "min_notional2")
OF_THE_VENUE: Final = (*FEES, *LOTS)
STRATEGY_PARAMS: Final = "strategy_params"
SIZING: Final = "sizing"
START_PRICES: Final = ("start_price1", "start_price2")
PLACE: Final = ("exchange", "market1_symbol", "market2_symbol", "timeframe")
NEEDED: Final = (*PLACE, "investment_per_order", "max_position_value", "profit_ratio")


@dataclass
class Draft:
    """`place` and `parameters` hold what could be read, the latter by the names of docs/backtests.md."""

    place: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, list[ValidationError]] = field(default_factory=dict)

    @property
    def data(self) -> dict[str, Any]:
        """For `services.backtest_create`."""
        return self.place | {"parameters": self.parameters}

    @property
    def markets(self) -> int:
        """How many the strategy trades."""
        return strategy_of(self.place["strategy"]).markets if "strategy" in self.place else 2

    @property
    def has_place(self) -> bool:
        return all(name in self.place for name in PLACE if name != "market2_symbol" or self.markets == 2)


def read_draft(typed: Mapping[str, Any]) -> Draft:
    """`typed` holds text by field, and `dca_config` as rows. Empty means the default."""
    draft = Draft()
    for name, reader in PLACE_READERS.items():
        if name != "market2_symbol" or draft.markets == 2:
            _read(draft, draft.place, name, reader, typed.get(name))
    if params := typed.get("strategy_params"):
        draft.parameters["strategy_params"] = params
    for name, reader in PARAMETER_READERS.items():
        _read(draft, draft.parameters, name, reader, typed.get(name))
    _read_sizing(draft, typed.get(SIZING))
    _read_ladder(draft, typed.get("dca_config"))
    _check_pair(draft)
    _check_times(draft)
    _check_cap(draft)
    _check_start_prices(draft)
    _check_strategy_params(draft)
    return draft


def _check_strategy_params(draft: Draft) -> None:
    if "strategy" not in draft.place:
        return
    try:
        strategy_of(draft.place["strategy"]).bind(draft.parameters.get("strategy_params"))
    except ParametersRefused as refused:
        _refuse(draft, STRATEGY_PARAMS, refused)


def _read(draft: Draft, found: dict[str, Any], name: str, reader: Callable[[Any], Any], value: Any) -> None:
    if value in (None, ""):
        if name in NEEDED:
            draft.errors[name] = [required()]
        return
    try:
        found[name] = reader(value)
    except ValidationError as error:
        draft.errors[name] = error.error_list


def _read_sizing(draft: Draft, typed: Any) -> None:
    try:
        sizing = read_sizes(typed) if typed else {}
    except ParametersRefused as refused:
        _refuse(draft, SIZING, refused)
    else:
        draft.parameters |= {SIZING: sizing} if sizing else {}


def _refuse(draft: Draft, group: str, refused: ParametersRefused) -> None:
    for problem in refused.problems:
        sentence = ValidationError(complaint(problem), code=problem.code)
        draft.errors.setdefault(f"{group}.{problem.name}", []).append(sentence)


def _read_ladder(draft: Draft, rows: Any) -> None:
    try:
        ladder = read_ladder(rows)
    except ValidationError as error:
        draft.errors["dca_config"] = error.error_list
    else:
        draft.parameters |= {"dca_config": ladder, "max_dca_times": len(ladder)}


def _check_pair(draft: Draft) -> None:
    one, two = draft.place.get("market1_symbol"), draft.place.get("market2_symbol")
    if one is not None and one == two:
        draft.errors["market2_symbol"] = [ValidationError(_("This is market 1 already."), code="same_market")]


def _check_times(draft: Draft) -> None:
    since, until = draft.place.get("since"), draft.place.get("until")
    if since and until and since >= until:
        draft.errors["until"] = [ValidationError(_("The end must lie after the begin."), code="order")]


def _check_cap(draft: Draft) -> None:
    values = draft.parameters
    """Of orders whose size is known before the run."""
    if SIZING in values or not {"investment_per_order", "max_position_value", "dca_config"} <= values.keys():
        return
    needed = (
        draft.markets * Decimal(values["investment_per_order"]) * Decimal(str(values["dca_config"][0]["multiplier"]))
    )
    if needed > Decimal(values["max_position_value"]):
        params = {"needed": f"{needed.normalize():,f}", "cap": f"{Decimal(values['max_position_value']):,f}"}
        sentence = _("The first order of both legs needs %(needed)s, more than the maximum of %(cap)s.")
        if draft.markets == 1:
            sentence = _("The first order needs %(needed)s, more than the maximum of %(cap)s.")
        draft.errors["max_position_value"] = [ValidationError(sentence, code="cap", params=params)]


def _check_start_prices(draft: Draft) -> None:
    given = [name for name in START_PRICES if name in draft.parameters]
    if len(given) == 1:
        missing = next(name for name in START_PRICES if name not in given)
        sentence = _("Give both start prices, or neither.")
        draft.errors[missing] = [ValidationError(sentence, code="start_price")]


def _number(high: str, low: str = "0", *, above_low: bool = False) -> Callable[[Any], str]:
    """As text, so that no decimal is lost."""

    def read(value: Any) -> str:
        return f"{read_number(value, low=low, high=high, above_low=above_low, places=PLACES).normalize():f}"

    return read


def _percent(high: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        return f"{(read_number(value, high=high, above_low=False, places=PLACES) / HUNDRED).normalize():f}"

    return read


def _strategy(value: Any) -> str:
    try:
        return strategy_of(value).name
    except LookupError as error:
        raise ValidationError(str(error), code="strategy") from None


def _instant(value: Any) -> str:
    return str(read_instant(value).isoformat())


PLACE_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "strategy": _strategy,
    "name": lambda value: read_text(value, longest=NAME_LENGTH),
    "exchange": lambda value: read_choice(value, EXCHANGES),
    "market1_symbol": read_symbol,
    "market2_symbol": read_symbol,
    "timeframe": lambda value: read_choice(value, list(TIMEFRAME_MS)),
    "since": read_instant,
    "until": read_instant,
    "use_funding": read_flag,
}
PARAMETER_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "investment_per_order": _number(MONEY_MAX, above_low=True),
    "max_position_value": _number(MONEY_MAX, above_low=True),
    **{
        name: BOT_READERS[name]
        for name in (
            "leverage",
            "margin_mode",
            "opening",
            "allowed_side",
            "order_type_open",
            "order_type_close",
            "profit_mode",
            "pause_after_close",
            "restart_after_stop_loss",
            "pnl_basis",
        )
    },
    "profit_ratio": _number(RATIO_MAX, above_low=True),
    "stop_loss_ratio": _number(RATIO_MAX),
    "capital": _number(MONEY_MAX, above_low=True),
    "maintenance_margin": _percent("50"),
    "fill": lambda value: read_choice(value, FILLS),
    "taker_fee": _percent("10"),
    "maker_fee": _percent("10"),
    "slippage_bps": _number("1000"),
    "max_imbalance": _percent("100"),
    **{name: _number(MONEY_MAX) for name in LOTS},
    "start_time": _instant,
    **{name: _number(MONEY_MAX, above_low=True) for name in START_PRICES},
}
