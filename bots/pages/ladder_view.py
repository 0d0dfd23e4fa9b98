"""What every form with a ladder shows beside it: its presets, the figures of its levels, totals, the chart's data."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, Final

from django.utils.translation import gettext

from bots.ladder.presets import PRESETS, Preset
from bots.models import Opening
from bots.pages.forms import BotForm, LadderRow
from bots.settings.form_values import typed_number
from bots.strategies.registry import Broken, broken
from bots.strategies.settings import SPREAD, markets_of_strategy, plugin_of
from exchanges.symbols import base_of, canonical, settle_of

BAR_WIDTH: Final = 34  # pixels of the widest bar in the column that counts how often a level was reached
FAR: Final = 100.0  # a liquidation further away than this many points is not told exactly
OF_A_LEVEL: Final = ("level", "at_short", "at_long", "notional", "allowed")


@dataclass
class LadderView:
    form: BotForm

    @property
    def figures(self) -> dict[str, Any]:
        """The preview's `levels`, `totals`, `history` and `spread`, as far as they are known."""
        raise NotImplementedError

    @property
    def presets(self) -> Sequence[Preset]:
        return PRESETS

    @property
    def preset_now(self) -> Preset | None:
        """The preset whose rows these are."""
        typed = [(typed_number(row.spread), typed_number(row.multiplier)) for row in self.form.rows]
        return next((preset for preset in PRESETS if _same_levels(preset.levels, typed)), None)

    @property
    def coins(self) -> tuple[str, str]:
        return _coin(self.form.values["market1_symbol"]), _coin(self.form.values["market2_symbol"])

    @property
    def is_spread(self) -> bool:
        """False where a form leaves out what only the spread strategy heeds."""
        return True

    @property
    def broken_strategies(self) -> list[Broken]:
        """Left out of the choice, with the reason."""
        return broken()

    @property
    def market_count(self) -> int:
        """How many the chosen strategy trades."""
        return markets_of_strategy(self.form.values["strategy"])

    @property
    def currency(self) -> str:
        try:
            return settle_of(canonical(self.form.values["market1_symbol"]))
        except ValueError:
            return "USDT"

    @property
    def suggested_name(self) -> str:
        """After the pair and how it opens; empty until both markets are known."""
        if not all(self.coins[: self.market_count]):
            return ""
        if self.form.values["strategy"] != SPREAD:
            plugin = plugin_of(self.form.values["strategy"])
            title = plugin.title if plugin else self.form.values["strategy"]
            return f"{'/'.join(self.coins[: self.market_count])} {title}"[:80]
        names = {"one": self.coins[0], "two": self.coins[1]}
        if self.form.values["opening"] == Opening.MOMENTUM:
            return gettext("%(one)s/%(two)s momentum") % names
        return gettext("%(one)s/%(two)s reversion") % names

    @cached_property
    def levels(self) -> list[tuple[LadderRow, dict[str, Any] | None]]:
        figures = self.figures.get("levels") or []
        most = max((level["reached"] or 0 for level in figures), default=0)
        for level in figures:
            level["bar"] = (level["reached"] or 0) / most * BAR_WIDTH if most else 0.0
            level["bar_x"] = BAR_WIDTH - level["bar"]
            level["is_far"] = _is_far(level)
        return [(row, figures[row.level - 1] if row.level <= len(figures) else None) for row in self.form.rows]

    @property
    def totals(self) -> dict[str, Any] | None:
        found = self.figures.get("totals")
        return found and found | {"is_far": _is_far(found)}

    @property
    def history(self) -> dict[str, Any] | None:
        return self.figures.get("history")

    @property
    def spread(self) -> dict[str, Any] | None:
        return self.figures.get("spread")

    @property
    def side_assumed(self) -> int:
        return self.levels[0][1]["side"] if self.levels and self.levels[0][1] else -1

    @property
    def opens(self) -> list[dict[str, Any]]:
        """Where the first level opens, with the side that it opens."""
        first = self.levels[0][1] if self.levels else None
        if first is None or self.form.values["strategy"] != SPREAD:
            return []
        ways = ((-1, "at_short", "short_spread"), (1, "at_long", "long_spread"))
        allowed = self.form.values["allowed_side"]
        return [{"side": side, "spread": first[name]} for side, name, only in ways if allowed in ("both", only)]

    @property
    def ladder_data(self) -> dict[str, Any]:
        """The chart's data; `spread` is None while there is nothing to draw."""
        side = self.form.values["allowed_side"]
        drawn = self.levels if self.form.values["strategy"] == SPREAD else []
        return {
            "spread": self.spread,
            "levels": [{name: level[name] for name in OF_A_LEVEL} for _row, level in drawn if level],
            "trades": (self.history or {}).get("trades", []),
            "shows_short": side != "long_spread",
            "shows_long": side != "short_spread",
            "coins": self.coins,
        }


def _is_far(figures: dict[str, Any]) -> bool:
    return figures["liquidation"] is not None and abs(figures["liquidation"]) > FAR


def _coin(symbol: str) -> str:
    try:
        return base_of(canonical(symbol))
    except ValueError:
        return ""


def _same_levels(levels: Sequence[tuple[str, str]], typed: Sequence[tuple[str, str]]) -> bool:
    try:
        return [tuple(map(Decimal, row)) for row in levels] == [tuple(map(Decimal, row)) for row in typed]
    except InvalidOperation:
        return False
