"""The lines of a report as SVG paths: drawn here, so that the page needs no script."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

WIDTH: Final = 960.0
LEFT: Final = 64.0
RIGHT: Final = 12.0
TOP: Final = 10.0
BOTTOM: Final = 22.0
TICKS_Y: Final = 6
TICKS_X: Final = 7


@dataclass(frozen=True, slots=True)
class Tick:
    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart: `lines` are path data by name, in a box of WIDTH × `height`."""

    height: int
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    zero: str
    """Where 0 lies; empty if it is outside."""
    lines: dict[str, str]

    @property
    def bottom(self) -> float:
        return self.height - BOTTOM


class Scale:
    """Values to coordinates, with one decimal."""

    def __init__(self, times: Sequence[float], low: float, high: float, height: int) -> None:
        self._t0, self._span = times[0], max(times[-1] - times[0], 1)
        room = (high - low) * 0.04 or abs(high) * 0.04 or 1.0
        self._low, self._high, self._height = low - room, high + room, height

    def x(self, time: float) -> float:
        return round(LEFT + (time - self._t0) / self._span * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        share = (value - self._low) / (self._high - self._low)
        return round(self._height - BOTTOM - share * (self._height - BOTTOM - TOP), 1)

    def holds(self, value: float) -> bool:
        return self._low <= value <= self._high

    def y_ticks(self) -> list[Tick]:
        step = _round_step((self._high - self._low) / TICKS_Y)
        first, last = math.ceil(self._low / step), math.floor(self._high / step)
        decimals = max(0, -math.floor(math.log10(step)))
        return [
            Tick(f"{self.y(k * step)}", f"{k * step:,.{decimals}f}".replace("-", "−")) for k in range(first, last + 1)
        ]

    def x_ticks(self) -> list[Tick]:
        form = "%Y-%m-%d" if self._span > 4 * 86_400_000 else "%m-%d %H:%M"
        times = [self._t0 + self._span * (k + 0.5) / TICKS_X for k in range(TICKS_X)]
        return [Tick(f"{self.x(time)}", datetime.fromtimestamp(time / 1000, UTC).strftime(form)) for time in times]


def panel(
    times: Sequence[int], columns: dict[str, Sequence[float]], height: int, *, area: str = ""
) -> tuple[Panel, Scale]:
    """`area`: the column that gets a filled path down to 0 as well, named `<column>_area`."""
    scale = Scale(times, min(map(min, columns.values())), max(map(max, columns.values())), height)
    lines = {name: _line(times, values, scale) for name, values in columns.items()}
    zero = f"{scale.y(0.0)}"
    if area:
        lines[f"{area}_area"] = f"{lines[area]}L{scale.x(times[-1])} {zero}L{scale.x(times[0])} {zero}Z"
    return Panel(height, scale.x_ticks(), scale.y_ticks(), zero if scale.holds(0.0) else "", lines), scale


def dots(trades: Sequence[dict[str, Any]], scale: Scale) -> dict[str, str]:
    """Path data of one dot a trade, by kind: opened, added, won, lost."""
    found: dict[str, list[str]] = {"open": [], "add": [], "won": [], "lost": []}
    for trade in trades:
        kind = trade["action"] if "pnl" not in trade else "won" if trade["pnl"] > 0 else "lost"
        found[kind].append(f"M{scale.x(trade['t'])} {scale.y(trade['spread'])}h0")
    return {kind: "".join(paths) for kind, paths in found.items()}


def dot_size(trades: int) -> float:
    """Smaller, the more there are."""
    return 6.0 if trades < 300 else 4.0 if trades < 1500 else 2.5


def _line(times: Sequence[int], values: Sequence[float], scale: Scale) -> str:
    return "M" + "L".join(f"{scale.x(t)} {scale.y(v)}" for t, v in zip(times, values, strict=True))


def _round_step(wanted: float) -> float:
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= wanted)
