"""One pair of a scan measured: its row without what needs all pairs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

from exchanges.adapters.paper_source import from_ms
from exchanges.timeframes import DAY_MS, timeframe_ms
from trading.core.candles import Floats, Ints, common
from trading.core.pair_stats import stood_still
from trading.core.pair_stats_score import LEAST_IN_ALL, Measured, measure, split_of
from trading.models import PairScan, ScannedPair
from trading.scans.carry import Source, carry_fill
from trading.scans.pairing import pairs_of
from trading.scans.series import MarketSeries, series_of

PERCENT: Final = 100.0


@dataclass(frozen=True, slots=True)
class Overlap:
    """The bars that both markets have."""

    times: Ints
    values1: Floats
    values2: Floats


class Work:
    """A scan's data, ready to measure any of its pairs."""

    def __init__(self, scan: PairScan) -> None:
        self.scan = scan
        self.pairs = pairs_of(scan.markets)
        self._series = series_of(scan.exchange, scan.markets, scan.timeframe, scan.since, scan.until)

    def row(self, number: int) -> ScannedPair:
        """Not saved. Its `problem` says why there are no figures, in the language that is set."""
        place1, place2 = self.pairs[number]
        symbols = self.scan.markets
        row = ScannedPair(scan=self.scan, number=number, market1=symbols[place1], market2=symbols[place2])
        one, two = self._series[place1], self._series[place2]
        if one is None or two is None:
            row.problem = _("Its candles are not stored any more.")
            return row
        row.common_since = max(one.since, two.since)
        carry_fill(row, one.funding_pct, two.funding_pct, Source.RECORDED)
        overlap = overlap_of(one, two)
        row.bars = len(overlap.times)
        if row.bars < LEAST_IN_ALL:
            sentence = _("Both markets have %(bars)s bars in common; %(least)s are needed.")
            row.problem = sentence % {"bars": row.bars, "least": LEAST_IN_ALL}
            return row
        _fill(row, overlap, self.scan)
        return row


def overlap_of(one: MarketSeries, two: MarketSeries) -> Overlap:
    """Aligned by opening time, as back-tests are."""
    in1, in2 = common(one.times, two.times)
    return Overlap(one.times[in1], one.values[in1], two.values[in2])


def measured_rows(work: Work, numbers: Sequence[int]) -> list[ScannedPair]:
    return [work.row(number) for number in numbers]


def _fill(row: ScannedPair, overlap: Overlap, scan: PairScan) -> None:
    share = scan.out_of_sample_pct / PERCENT
    split = split_of(len(overlap.times), share)
    if stood_still(overlap.values1[:split]) or stood_still(overlap.values2[:split]):
        row.problem = _("A price did not move at all.")
        return
    found = measure(overlap.values1, overlap.values2, share)
    row.first_at, row.split_at, row.last_at = (from_ms(int(overlap.times[at])) for at in (0, split, -1))
    row.oos_bars = found.check.bars
    for name, value in (_fitted(found, scan.timeframe) | _checked(found)).items():
        setattr(row, name, value if value is None or math.isfinite(value) else None)
    spread = found.fitted.hedge.spread(overlap.values1[-1:], overlap.values2[-1:])
    row.z_score = _or_none(float(spread[0]) / found.fitted.spread_deviation) if found.fitted.spread_deviation else None


def _fitted(found: Measured, timeframe: str) -> dict[str, Any]:
    fitted = found.fitted
    bars_a_day = DAY_MS / timeframe_ms(timeframe)
    return {
        "correlation": fitted.correlation,
        "hedge_ratio": fitted.hedge.ratio,
        "hedge_intercept": fitted.hedge.intercept,
        "hedge_low": fitted.stability.low,
        "hedge_high": fitted.stability.high,
        "hedge_deviation": fitted.stability.deviation,
        "p_value": fitted.engle_granger.p_value,
        "adf_statistic": fitted.engle_granger.statistic,
        "adf_lags": fitted.engle_granger.forward.lags,
        "johansen_trace": fitted.johansen.trace,
        "johansen_p": fitted.johansen.p_value,
        "half_life_bars": fitted.half_life_bars,
        "hurst": fitted.hurst,
        "spread_deviation_pct": fitted.spread_deviation * PERCENT,
        "spread_volatility_pct": fitted.change_deviation * math.sqrt(bars_a_day) * PERCENT,
    }


def _checked(found: Measured) -> dict[str, Any]:
    check = found.check
    return {
        "oos_correlation": check.correlation,
        "oos_p_value": check.unit_root.p_value,
        "oos_half_life_bars": check.half_life_bars,
        "oos_hurst": check.hurst,
        "oos_drift": check.drift,
        "oos_spread_deviation_pct": check.spread_deviation * PERCENT,
    }


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
