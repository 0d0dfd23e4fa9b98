"""Several runs side by side: their figures with the best marked, their settings with what differs, their curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from django.utils.translation import gettext as _

from bots.templatetags.figures import when
from exchanges.symbols import base_of
from trading.backtests import drawing
from trading.backtests.settings_words import ladder_words, setting_groups
from trading.backtests.stat_words import DASH, STATS, shown_stats
from trading.models import Backtest

COMPARED_MOST: Final = 6
CURVE_POINTS: Final = 600


@dataclass(frozen=True, slots=True)
class FigureRow:
    """`cells`: text and whether it is the best of the row."""

    label: str
    meaning: str
    cells: list[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class SettingRow:
    label: str
    cells: list[str]

    @property
    def differs(self) -> bool:
        return len(set(self.cells)) > 1


@dataclass
class Comparison:
    """`runs` are done, at least two."""

    runs: Sequence[Backtest]

    @cached_property
    def figures(self) -> list[FigureRow]:
        shown = [{row.name: row for row in shown_stats(run.summary["stats"])} for run in self.runs]
        names = [name for name in STATS if all(name in rows for rows in shown)]
        return [
            FigureRow(
                shown[0][name].label,
                shown[0][name].meaning,
                [
                    (rows[name].value, is_best and rows[name].value != DASH)
                    for rows, is_best in zip(shown, self._best(name), strict=True)
                ],
            )
            for name in names
        ]

    def _best(self, name: str) -> list[bool]:
        """Which of the runs; none where they are equal."""
        values, better = [run.summary["stats"].get(name) for run in self.runs], STATS[name].better
        known = [value * better for value in values if value is not None] if better else []
        if len(known) < 2 or len(set(known)) == 1:
            return [False] * len(values)
        return [value is not None and value * better == max(known) for value in values]

    @cached_property
    def settings(self) -> list[SettingRow]:
        """Those that differ first."""
        found = [self._settings_of(run) for run in self.runs]
        labels = dict.fromkeys(label for rows in found for label in rows)
        rows = [SettingRow(label, [settings.get(label, "–") for settings in found]) for label in labels]
        return sorted(rows, key=lambda row: not row.differs)

    @staticmethod
    def _settings_of(run: Backtest) -> dict[str, str]:
        rows = {label: value for _heading, group in setting_groups(run) for label, value in group}
        return rows | {_("Ladder"): ladder_words(run)}

    @property
    def are_alike(self) -> bool:
        """One pair over the same bars, so that the figures can be held against each other."""
        places = {(run.exchange, run.market1_symbol, run.market2_symbol, run.timeframe) for run in self.runs}
        return len(places) == 1 and self.is_one_time

    @property
    def is_one_time(self) -> bool:
        return len({(run.summary["data"]["first"], run.summary["data"]["last"]) for run in self.runs}) == 1

    @property
    def script_data(self) -> dict[str, Any]:
        """Equity of each in percent of its own capital."""
        curves = [self._curve(run) for run in self.runs]
        return {"curves": curves, "is_one_time": self.is_one_time, "words": {"days": _("day %(n)s")}}

    @staticmethod
    def _curve(run: Backtest) -> dict[str, Any]:
        times, equity = drawing.sampled_equity(run, CURVE_POINTS)
        capital = float(run.summary["stats"]["capital"])
        return {"name": str(run), "t": times.tolist(), "pct": (equity / capital * 100).round(4).tolist()}

    @property
    def heads(self) -> list[dict[str, Any]]:
        return [
            {
                "run": run,
                "pair": "/".join(base_of(symbol) for symbol in (run.market1_symbol, run.market2_symbol) if symbol),
                "started": when(run.created_at),
            }
            for run in self.runs
        ]
