"""The parameters of a back-test, as `P.json` holds them: a bot's own fields, and how the run fills.

What is not given has a bot's default; fees, slippage and lot steps are 0, and without a leverage there is no margin.
Everything that is wrong is named at once.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from bots.models import AllowedSide, MarginMode, Opening, OrderKind, PnlBasis, ProfitMode
from bots.order_sizes import read_sizing
from bots.settings.fields import READERS as BOT_READERS
from bots.settings.fields import default_of
from bots.settings.readers import read_choice
from bots.strategies.registry import Plugin, strategy_of
from bots.strategies.words import complaint
from trading.backtests.errors import BacktestRefused
from trading.backtests.ladder import Rung, read_ladder
from trading.backtests.readers import (
    Reader,
    above_zero,
    below,
    instant,
    lot_step,
    optional,
    shown,
    within,
    zero_or_more,
)
from trading.core import types as core
from trading.core.backtest import FillMode
from trading.core.fills import Costs, Minimums
from trading.core.margin import MAINTENANCE, Margin, margin
from trading.strategies.base import Bound
from trading.strategies.parameters import ParametersRefused

SPREAD: Final = "spread"
FILLS: Final = ("next_open", "close")
START_PRICES: Final = ("start_price1", "start_price2")
MAX_IMBALANCE: Final = 0.05
_LOWEST_PRICE_LEFT: Final = 10_000
"""Basis points: from here on slippage leaves no price."""
_REBATE: Final = -0.01
_HIGHEST_LEVERAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Parameters:
    """Money in quote currency; fees, `max_imbalance` and `maintenance_margin` fractions; lot steps and minimum amounts
    in base units; `start_time` in ms UTC. `strategy` knows its own parameters, `strategy_params`."""

    strategy: Bound
    markets: int
    investment_per_order: float
    dca_config: tuple[Rung, ...]
    max_position_value: float
    max_dca_times: int
    profit_mode: str
    profit_ratio: float
    stop_loss_ratio: float
    pause_after_close: bool
    restart_after_stop_loss: bool
    opening: str
    allowed_side: str
    pnl_basis: str
    start_time: int | None
    start_price1: float | None
    start_price2: float | None
    taker_fee: float
    maker_fee: float
    slippage_bps: float
    order_type_open: str
    order_type_close: str
    fill: FillMode
    lot_step1: float
    lot_step2: float
    max_imbalance: float
    min_amount1: float
    min_amount2: float
    min_notional1: float
    min_notional2: float
    leverage: float | None
    margin_mode: str
    capital: float | None
    maintenance_margin: float
    sizing: Mapping[str, Any]

    @property
    def is_spread(self) -> bool:
        return self.strategy.name == SPREAD

    @property
    def full_position(self) -> float:
        """The largest position that the ladder and the cap allow, all legs, without leverage."""
        multipliers = sum(rung.multiplier for rung in self._used)
        return min(self.max_position_value, self.markets * self.investment_per_order * multipliers)

    @property
    def full_margin(self) -> float | None:
        """What that position needs to be opened; None without a leverage."""
        return None if self.leverage is None else self.full_position / self.leverage

    @property
    def wallet(self) -> float | None:
        """What stands behind the margin: `capital`, else what the whole ladder needs, its fees and its loss at the last
        level included. None without a leverage."""
        if self.full_margin is None:
            return None
        fees = 2 * self.full_position * max(self.taker_fee, self.maker_fee)
        return self.capital or self.full_margin + fees + self._loss_at_last_level

    @property
    def margin(self) -> Margin | None:
        if self.leverage is None or self.wallet is None:
            return None
        cross = self.margin_mode == MarginMode.CROSS
        return margin(self.leverage, self.wallet, cross=cross, maintenance=self.maintenance_margin)

    @property
    def minimums(self) -> Minimums:
        return Minimums(self.min_amount1, self.min_amount2, self.min_notional1, self.min_notional2)

    def costs(self) -> Costs:
        """Market orders pay the taker fee and slip, limit orders pay the maker fee."""
        slippage = self.slippage_bps / 10_000
        by_kind = {
            OrderKind.MARKET: (self.taker_fee, self.taker_fee, slippage),
            OrderKind.LIMIT: (self.maker_fee, self.maker_fee, 0.0),
        }
        return Costs(*by_kind[OrderKind(self.order_type_open)], *by_kind[OrderKind(self.order_type_close)])

    def config(self, start1: float, start2: float) -> core.Config:
        """With the start prices of the data, unless they are given."""
        return core.config(
            spreads=[rung.spread for rung in self.dca_config],
            multipliers=[rung.multiplier for rung in self.dca_config],
            levels=self.max_dca_times,
            investment=self.investment_per_order,
            cap=self.max_position_value,
            start1=self.start_price1 or start1,
            start2=self.start_price2 or start2,
            regression=self.profit_mode == ProfitMode.REGRESSION,
            take_profit=self.profit_ratio,
            stop_loss=self.stop_loss_ratio,
            net=self.pnl_basis == PnlBasis.NET,
            momentum=self.opening == Opening.MOMENTUM,
            allow_long=self.allowed_side != AllowedSide.SHORT_SPREAD,
            allow_short=self.allowed_side != AllowedSide.LONG_SPREAD,
            fee1=self.taker_fee,
            fee2=self.taker_fee,
            slippage=self.slippage_bps / 10_000,
        )

    def as_json(self) -> dict[str, Any]:
        """In the names of `P.json`."""
        found = {name: getattr(self, name) for name in READERS}
        found["dca_config"] = [asdict(rung) for rung in self.dca_config]
        return found | {"strategy_params": self.strategy.as_json()}

    @property
    def _used(self) -> tuple[Rung, ...]:
        return self.dca_config[: self.max_dca_times]

    @property
    def _loss_at_last_level(self) -> float:
        """Of the levels before, when the spread has come to the last one."""
        reached = list(accumulate(rung.spread for rung in self._used))
        lost = (rung.multiplier * (reached[-1] - at) for rung, at in zip(self._used, reached, strict=True))
        return self.investment_per_order * sum(lost) / 100


def read_parameters(path: Path, strategy: str = SPREAD) -> Parameters:
    """Raises BacktestRefused."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise BacktestRefused([f"{path}: there is no such file"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BacktestRefused([f"{path}: cannot be read: {error}"]) from error
    return parse_parameters(_decoded(path, text), strategy)


def parse_parameters(data: Mapping[str, Any], strategy: str = SPREAD) -> Parameters:
    """`strategy` is the name of an installed one. Raises BacktestRefused."""
    try:
        plugin = strategy_of(strategy)
    except LookupError as error:
        raise BacktestRefused([f"strategy: {error}"]) from None
    unknown = _("is not a parameter of a back-test")
    problems = [f"{shown(name)}: {unknown}" for name in data if name not in NAMES]
    values = _values(data, DEFAULTS if strategy == SPREAD else DEFAULTS | _plugin_defaults(plugin), problems)
    bound = _bound(plugin.bind, data.get("strategy_params"), problems)
    if strategy != SPREAD and "max_dca_times" not in data and "dca_config" in values:
        values["max_dca_times"] = len(values["dca_config"])
    for check in CHECKS:
        problems += check(values)
    if problems or bound is None:
        raise BacktestRefused(problems)
    return Parameters(strategy=bound, markets=plugin.markets, **values)


def _plugin_defaults(plugin: Plugin) -> dict[str, Any]:
    """A strategy with thresholds of its own needs no ladder but as many equal orders as a cycle of it has."""
    return {"dca_config": tuple(Rung(level, 1.0, 1.0) for level in range(1, plugin.strategy.levels + 1))}


def _values(data: Mapping[str, Any], defaults: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, read in READERS.items():
        if name not in data and name not in defaults:
            needed = _("is needed")
            problems.append(f"{name}: {needed}")
            continue
        if name not in data:
            values[name] = defaults[name]
            continue
        try:
            values[name] = read(data[name])
        except (ValueError, ValidationError) as error:
            problems += [f"{name}: {line}" for line in _lines(error)]
    return values


def _bound(bind: Callable[[Any], Bound], given: Any, problems: list[str]) -> Bound | None:
    try:
        return bind(given)
    except ParametersRefused as refused:
        problems += [f"{_place(problem.name)}: {complaint(problem)}" for problem in refused.problems]
        return None


def _place(name: str) -> str:
    return name if name == STRATEGY_PARAMS else f"{STRATEGY_PARAMS}.{name}"


def _decoded(path: Path, text: str) -> dict[str, Any]:
    try:
        data = json.loads(text, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise BacktestRefused([f"{path}: is not JSON that can be used: {error}"]) from error
    if not isinstance(data, dict):
        raise BacktestRefused([f"{path}: must hold one JSON object"])
    return data


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(shown(name) for name in names if names.count(name) > 1)} is given twice")
    return found


def _ladder_is_short(values: Mapping[str, Any]) -> list[str]:
    if "dca_config" not in values or "max_dca_times" not in values:
        return []
    rows, levels = len(values["dca_config"]), values["max_dca_times"]
    if rows >= levels:
        return []
    sentence = _("has %(rows)s rows for max_dca_times of %(levels)s") % {"rows": rows, "levels": levels}
    return [f"dca_config: {sentence}"]


def _one_start_price(values: Mapping[str, Any]) -> list[str]:
    if not values.keys() >= set(START_PRICES):
        return []
    missing = [name for name in START_PRICES if values[name] is None]
    sentence = _("is needed, as the other start price is given")
    return [f"{missing[0]}: {sentence}"] if len(missing) == 1 else []


def _maintenance_is_above_margin(values: Mapping[str, Any]) -> list[str]:
    leverage, kept = values.get("leverage"), values.get("maintenance_margin")
    if leverage is None or kept is None or kept < 1 / leverage:
        return []
    sentence = _("%(kept)s leaves no position open: a leverage of %(leverage)s gives %(margin)s")
    numbers = {"kept": f"{kept:g}", "leverage": f"{leverage:g}", "margin": f"{1 / leverage:g}"}
    return [f"maintenance_margin: {sentence % numbers}"]


def _lines(error: ValueError | ValidationError) -> list[str]:
    return error.messages if isinstance(error, ValidationError) else [str(error)]


_order_kind: Final = partial(read_choice, choices=OrderKind.values)

READERS: Final[dict[str, Reader]] = {
    "investment_per_order": above_zero,
    "dca_config": read_ladder,
    "max_position_value": above_zero,
    "max_dca_times": BOT_READERS["max_dca_times"],
    "profit_mode": BOT_READERS["profit_mode"],
    "profit_ratio": above_zero,
    "stop_loss_ratio": zero_or_more,
    "pause_after_close": BOT_READERS["pause_after_close"],
    "restart_after_stop_loss": BOT_READERS["restart_after_stop_loss"],
    "opening": BOT_READERS["opening"],
    "allowed_side": BOT_READERS["allowed_side"],
    "pnl_basis": BOT_READERS["pnl_basis"],
    "start_time": optional(instant),
    "start_price1": optional(above_zero),
    "start_price2": optional(above_zero),
    "taker_fee": below(1),
    "maker_fee": within(_REBATE, 1),
    "slippage_bps": below(_LOWEST_PRICE_LEFT),
    "order_type_open": _order_kind,
    "order_type_close": _order_kind,
    "fill": partial(read_choice, choices=FILLS),
    "lot_step1": lot_step,
    "lot_step2": lot_step,
    "max_imbalance": within(0, 1),
    "min_amount1": zero_or_more,
    "min_amount2": zero_or_more,
    "min_notional1": zero_or_more,
    "min_notional2": zero_or_more,
    "leverage": optional(within(1, _HIGHEST_LEVERAGE)),
    "margin_mode": BOT_READERS["margin_mode"],
    "capital": optional(above_zero),
    "maintenance_margin": below(1),
    "sizing": read_sizing,
}
STRATEGY_PARAMS: Final = "strategy_params"
NAMES: Final = (*READERS, STRATEGY_PARAMS)
_OF_A_BOT: Final = (
    "max_dca_times",
    "profit_mode",
    "profit_ratio",
    "stop_loss_ratio",
    "pause_after_close",
    "restart_after_stop_loss",
    "opening",
    "allowed_side",
    "pnl_basis",
)
DEFAULTS: Final[dict[str, Any]] = {name: READERS[name](str(default_of(name))) for name in _OF_A_BOT} | {
    "start_time": None,
    "start_price1": None,
    "start_price2": None,
    "taker_fee": 0.0,
    "maker_fee": 0.0,
    "slippage_bps": 0.0,
    "order_type_open": OrderKind.MARKET.value,
    "order_type_close": OrderKind.MARKET.value,
    "fill": "next_open",
    "lot_step1": 0.0,
    "lot_step2": 0.0,
    "max_imbalance": MAX_IMBALANCE,
    "min_amount1": 0.0,
    "min_amount2": 0.0,
    "min_notional1": 0.0,
    "min_notional2": 0.0,
    "leverage": None,
    "margin_mode": MarginMode.CROSS.value,
    "capital": None,
    "maintenance_margin": MAINTENANCE,
    "sizing": {},
}
REQUIRED: Final = ("investment_per_order", "dca_config", "max_position_value")
CHECKS: Final = (_ladder_is_short, _one_start_price, _maintenance_is_above_margin)
