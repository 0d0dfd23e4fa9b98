"""What the scanner's pages show, ready for their templates and scripts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.urls import reverse
from django.utils.translation import gettext as _

from bots.templatetags.figures import duration
from exchanges.symbols import base_of, short
from exchanges.timeframes import timeframe_ms
from trading.models import PairScan, ScannedPair
from trading.pages.forms_scans import VERDICTS, PairQuery
from trading.scans import progress
from trading.scans.drawing import MAPPED
from trading.scans.liquidity import ASKED
from trading.scans.selectors import pairs_of_scan

PAGE_SIZE: Final = 20
Verdict = ScannedPair.Verdict


@dataclass(frozen=True, slots=True)
class PairRow:
    """One pair of the table or of its own page."""

    pair: ScannedPair
    scan: PairScan

    @property
    def name(self) -> str:
        return f"{base_of(self.pair.market1)} / {base_of(self.pair.market2)}"

    @property
    def symbols(self) -> tuple[str, str]:
        return short(self.pair.market1), short(self.pair.market2)

    @property
    def half_life(self) -> str:
        return self._lasting(self.pair.half_life_bars)

    @property
    def oos_half_life(self) -> str:
        return self._lasting(self.pair.oos_half_life_bars)

    @property
    def carry_side(self) -> str:
        """Which side earns the funding: long market 1, or short."""
        carry = self.pair.carry_long_pct
        if not carry:
            return ""
        one, two = base_of(self.pair.market1), base_of(self.pair.market2)
        long, short_ = (one, two) if carry > 0 else (two, one)
        return _("long %(long)s, short %(short)s") % {"long": long, "short": short_}

    @property
    def carry_best_pct(self) -> float | None:
        carry = self.pair.carry_long_pct
        return None if carry is None else abs(carry)

    @property
    def age(self) -> timedelta | None:
        """How long both have been traded, as far as the store knows."""
        since, last = self.pair.common_since, self.pair.last_at
        return last - since if since and last else None

    @property
    def verdict_tone(self) -> str:
        return (
            {Verdict.HOLDS: "chip-pos", Verdict.BROKE: "chip-warn"}.get(Verdict(self.pair.verdict), "")
            if self.pair.verdict
            else ""
        )

    @property
    def url(self) -> str:
        return reverse("pairs-pair", args=[self.scan.pk, self.pair.number])

    @property
    def backtest_url(self) -> str:
        return f"{reverse('backtests-new')}?{self._markets}"

    @property
    def bot_url(self) -> str:
        return f"{reverse('bots:new')}?{self._markets}"

    @property
    def _markets(self) -> str:
        pair, scan = self.pair, self.scan
        return urlencode(
            {"exchange": scan.exchange, "market1": pair.market1, "market2": pair.market2, "timeframe": scan.timeframe}
        )

    def _lasting(self, bars: float | None) -> str:
        return duration(None if bars is None else bars * timeframe_ms(self.scan.timeframe) / 1000)


class ScanPage:
    """One scan with the pairs that were asked for."""

    def __init__(self, scan: PairScan, wishes: Mapping[str, str], can_trade: bool) -> None:
        self.scan, self.can_trade = scan, can_trade
        self.query = PairQuery.of(wishes)
        self._number = wishes.get("page", "")

    @cached_property
    def page(self) -> Page[ScannedPair]:
        return Paginator(self.query.found(pairs_of_scan(self.scan)), PAGE_SIZE).get_page(self._number)

    @property
    def rows(self) -> list[PairRow]:
        return [PairRow(pair, self.scan) for pair in self.page]

    @property
    def is_done(self) -> bool:
        return bool(self.scan.summary)

    @property
    def summary(self) -> dict[str, Any]:
        return self.scan.summary

    @property
    def verdicts(self) -> dict[str, Any]:
        return VERDICTS

    @property
    def is_reading_books(self) -> bool:
        return bool(self.scan.summary.get("liquidity") == ASKED)

    @property
    def progress_pct(self) -> float:
        return min(100.0, self.scan.done / self.scan.total * 100) if self.scan.total else 0.0

    @property
    def waiting_for(self) -> int:
        return progress.waiting_for(self.scan)

    @property
    def problems(self) -> list[str]:
        return progress.worded(self.scan.problems)

    @property
    def took(self) -> timedelta | None:
        begun, ended = self.scan.started_at, self.scan.finished_at
        return ended - begun if begun and ended else None

    @property
    def figure_words(self) -> list[tuple[str, str]]:
        """What the heat map can show."""
        words = [_("Correlation"), _("Score"), _("q-value"), _("p out of sample"), _("Half-life")]
        return list(zip(MAPPED, words, strict=True))

    @property
    def script_data(self) -> dict[str, Any]:
        scan = self.scan
        return {
            "id": scan.pk,
            "status": scan.status,
            "is_open": scan.is_open,
            "is_reading_books": self.is_reading_books,
            "done": scan.done,
            "total": scan.total,
            "socket": f"/api/v1/ws/scan/{scan.pk}",
            "map": reverse("pairs-map", args=[scan.pk]),
            "pair": reverse("pairs-pair", args=[scan.pk, 0]).removesuffix("0/"),
            "bar_s": timeframe_ms(scan.timeframe) / 1000,
            "figures": dict(self.figure_words),
            "words": page_words(),
        }


def chart_words() -> dict[str, str]:
    """What the chart of a pair writes (static/js/pairs/spread_chart.js)."""
    return {
        "fitted": _("fitted"),
        "checked": _("checked"),
        "spread": _("Spread"),
        "deviations": _("deviations"),
    }


def page_words() -> dict[str, str]:
    """What the page's scripts write (static/js/pairs/)."""
    return {
        "queued": _("Waits for its turn"),
        "running": _("Measures one pair after the other"),
        "waiting": _("Waits for %(n)s downloads"),
        "of_pairs": _("%(done)s of %(total)s pairs"),
        "rate": _("%(n)s pairs a second"),
        "left": _("about %(time)s left"),
        "none": _("not measured"),
    }
