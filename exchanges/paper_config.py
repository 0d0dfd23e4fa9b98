"""`ExchangeAccount.paper_config`, typed: what a paper account costs, and how its prices run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from exchanges.symbols import canonical
from exchanges.timeframes import TIMEFRAME_MS

SPEED_MAX = 3600
BPS = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class PaperConfig:
    """Rates are fractions, money is in the settle currency.

    `speed` is market seconds per real second; 0 (replays only) steps from bar to bar as fast as bots settle them.
    `start` and `end` bound the replayed bars by opening time.
    """

    initial_balance: Decimal = Decimal(10_000)
    half_spread_bps: Decimal = Decimal(1)
    slippage_bps: Decimal = Decimal(1)
    depth: Decimal | None = None  # notional that rests at the touch; None: more than anybody asks for
    taker_fee: Decimal | None = None  # None: the venue's own
    maker_fee: Decimal | None = None
    maintenance_margin: Decimal = Decimal("0.01")
    lot_rounding: bool = True
    speed: Decimal = Decimal(1)
    # replay
    timeframe: str = "5m"
    symbols: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    # simulated
    seed: int = 1
    volatility: Decimal = Decimal(1)

    @property
    def half_spread(self) -> Decimal:
        return self.half_spread_bps * BPS

    @property
    def slippage(self) -> Decimal:
        return self.slippage_bps * BPS


def parse(raw: Mapping[str, Any]) -> PaperConfig:
    """Raises ValidationError with one sentence for each key that is unknown or cannot be used."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name, value in raw.items():
        if name not in READERS:
            errors[name] = _("Unknown setting.")
            continue
        try:
            values[name] = READERS[name](value)
        except ValueError as error:
            errors[name] = str(error)
    if errors:
        raise ValidationError(errors)
    return PaperConfig(**values)


def dump(config: PaperConfig) -> dict[str, Any]:
    """JSON for the account's row; `parse` reads it back unchanged."""
    return {field.name: _plain(getattr(config, field.name)) for field in fields(config)}


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.isoformat()
        case tuple():
            return list(value)
        case _:
            return value


def _number(least: str, most: str) -> Callable[[Any], Decimal]:
    low, high = Decimal(least), Decimal(most)

    def read(value: Any) -> Decimal:
        try:
            number = Decimal(str(value).strip())
        except InvalidOperation:
            raise ValueError(_("Enter a number.")) from None
        if isinstance(value, bool) or not number.is_finite():
            raise ValueError(_("Enter a number."))
        if not low <= number <= high:
            raise ValueError(_("Enter a number from %(low)s to %(high)s.") % {"low": least, "high": most})
        return number

    return read


def _optional(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None or value == "" else read(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(_("Choose yes or no."))
    return value


def _whole(value: Any) -> int:
    number = _number("0", "2147483647")(value)
    if number != number.to_integral_value():
        raise ValueError(_("Enter a whole number."))
    return int(number)


def _timeframe(value: Any) -> str:
    if not isinstance(value, str) or value not in TIMEFRAME_MS:
        raise ValueError(_("Choose one of %(choices)s.") % {"choices": ", ".join(TIMEFRAME_MS)})
    return value


def _symbols(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ValueError(_("Enter a list of markets."))
    try:
        return tuple(dict.fromkeys(canonical(item) for item in value))
    except ValueError:
        raise ValueError(_("Write markets as BTC/USDT.")) from None


def _instant(value: Any) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else parse_datetime(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None:
        raise ValueError(_("Enter a date and time."))
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


READERS: dict[str, Callable[[Any], Any]] = {
    "initial_balance": _number("1", "1000000000"),
    "half_spread_bps": _number("0", "1000"),
    "slippage_bps": _number("0", "1000"),
    "depth": _optional(_number("1", "1000000000000")),
    "taker_fee": _optional(_number("-0.01", "0.05")),
    "maker_fee": _optional(_number("-0.01", "0.05")),
    "maintenance_margin": _number("0", "0.5"),
    "lot_rounding": _flag,
    "speed": _number("0", str(SPEED_MAX)),
    "timeframe": _timeframe,
    "symbols": _symbols,
    "start": _optional(_instant),
    "end": _optional(_instant),
    "seed": _whole,
    "volatility": _number("0.1", "20"),
}
