"""The parameters of a back-test, as `P.json` holds them: a bot's own fields, and how the run fills.

What is not given has a bot's default; fees, slippage and lot steps are 0. Everything that is wrong is named at once.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ValidationError

from bots.bot_fields import READERS as BOT_READERS
from bots.bot_fields import default_of
from bots.models import AllowedSide, Opening, PnlBasis, ProfitMode
from bots.readers import read_choice, read_whole
from trading.backtests.errors import BacktestRefused
from trading.backtests.readers import Reader, above_zero, below, instant, lot_step, zero_or_more
from trading.core import types as core
from trading.core.backtest import FillMode
from trading.core.types import LEVELS_MAX

FILLS: Final = ("next_open", "close")
_ROW: Final = ("times", "spread", "multiplier")
_LOWEST_PRICE_LEFT: Final = 10_000
"""Basis points: from here on slippage leaves no price."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One row of `dca_config`; `times` counts from 1, `spread` is in percentage points."""

    times: int
    spread: float
    multiplier: float


@dataclass(frozen=True, slots=True)
class Parameters:
    """Money in quote currency; `taker_fee` a fraction; lot steps in base units; `start_time` in ms UTC."""

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
    taker_fee: float
    slippage_bps: float
    fill: FillMode
    lot_step1: float
    lot_step2: float

    @property
    def capital(self) -> float:
        """The largest position that the ladder and the cap allow, both legs, without leverage."""
        used = self.dca_config[: self.max_dca_times]
        return min(self.max_position_value, 2 * self.investment_per_order * sum(rung.multiplier for rung in used))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def config(self, start1: float, start2: float) -> core.Config:
        return core.config(
            spreads=[rung.spread for rung in self.dca_config],
            multipliers=[rung.multiplier for rung in self.dca_config],
            levels=self.max_dca_times,
            investment=self.investment_per_order,
            cap=self.max_position_value,
            start1=start1,
            start2=start2,
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


def read_parameters(path: Path) -> Parameters:
    """Raises BacktestRefused."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise BacktestRefused([f"{path}: there is no such file"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BacktestRefused([f"{path}: cannot be read: {error}"]) from error
    return parse_parameters(_decoded(path, text))


def parse_parameters(data: Mapping[str, Any]) -> Parameters:
    """Raises BacktestRefused."""
    problems = [f"{_shown(name)}: is not a parameter of the spread strategy" for name in data if name not in READERS]
    values: dict[str, Any] = {}
    for name, read in READERS.items():
        if name not in data or (name == "start_time" and data[name] is None):
            _take_default(name, values, problems)
            continue
        try:
            values[name] = read(data[name])
        except (ValueError, ValidationError) as error:
            problems += [f"{name}: {line}" for line in _lines(error)]
    problems += _ladder_is_short(values)
    if problems:
        raise BacktestRefused(problems)
    return Parameters(**values)


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
        raise ValueError(f"{next(_shown(name) for name in names if names.count(name) > 1)} is given twice")
    return found


def _take_default(name: str, values: dict[str, Any], problems: list[str]) -> None:
    if name in REQUIRED:
        problems.append(f"{name}: is needed")
    elif name in RUN_DEFAULTS:
        values[name] = RUN_DEFAULTS[name]
    else:
        values[name] = READERS[name](str(default_of(name)))


def _ladder_is_short(values: Mapping[str, Any]) -> list[str]:
    if "dca_config" not in values or "max_dca_times" not in values:
        return []
    rows, levels = len(values["dca_config"]), values["max_dca_times"]
    return [] if rows >= levels else [f"dca_config: has {rows} rows for max_dca_times of {levels}"]


def _ladder(value: Any) -> tuple[Rung, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= LEVELS_MAX:
        raise ValueError(f"must be a list of 1 to {LEVELS_MAX} levels")
    return tuple(_rung(level, row) for level, row in enumerate(value, start=1))


def _rung(level: int, row: Any) -> Rung:
    if not isinstance(row, dict):
        raise ValueError(f"level {level} must have a spread and a multiplier")
    for name in row:
        if name not in _ROW:
            raise ValueError(f"level {level}: {_shown(name)} is not one of {', '.join(_ROW)}")
    values = {}
    for name in ("spread", "multiplier"):
        if name not in row:
            raise ValueError(f"level {level}: {name} is needed")
        try:
            values[name] = above_zero(row[name])
        except ValueError as error:
            raise ValueError(f"level {level}: {name} {error}") from None
    if _whole(row.get("times", level)) != level:
        raise ValueError(f"level {level}: times must be {level}, as levels are numbered 1, 2, 3 and so on")
    return Rung(level, **values)


def _whole(value: Any) -> int | None:
    try:
        return read_whole(value, low=1, high=LEVELS_MAX)
    except ValidationError:
        return None


def _lines(error: ValueError | ValidationError) -> list[str]:
    return error.messages if isinstance(error, ValidationError) else [str(error)]


def _shown(name: str) -> str:
    """On one line, whatever it holds."""
    return name[:60] if name.isprintable() and name else repr(name[:60])


READERS: Final[dict[str, Reader]] = {
    "investment_per_order": above_zero,
    "dca_config": _ladder,
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
    "start_time": instant,
    "taker_fee": below(1),
    "slippage_bps": below(_LOWEST_PRICE_LEFT),
    "fill": partial(read_choice, choices=FILLS),
    "lot_step1": lot_step,
    "lot_step2": lot_step,
}
REQUIRED: Final = ("investment_per_order", "dca_config", "max_position_value")
RUN_DEFAULTS: Final[dict[str, Any]] = {
    "start_time": None,
    "taker_fee": 0.0,
    "slippage_bps": 0.0,
    "fill": "next_open",
    "lot_step1": 0.0,
    "lot_step2": 0.0,
}
