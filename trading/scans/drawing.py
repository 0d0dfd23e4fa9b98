"""What the pages draw of a scan: the matrix of all its pairs, and the spread of one."""

from typing import Any, Final

import numpy as np
from django.utils.translation import gettext as _

from bots.downsample import downsample
from exchanges.adapters.paper_source import to_ms
from exchanges.symbols import short
from trading.core.pair_stats import Hedge
from trading.models import PairScan, ScannedPair
from trading.scans.measuring import overlap_of
from trading.scans.series import series_of

MAPPED: Final = ("correlation", "score", "q_value", "oos_p_value", "half_life_bars")
POINTS: Final = 1_500


def matrix_of(scan: PairScan, figure: str) -> dict[str, Any]:
    """`figure` of MAPPED. Cells: [place of market 1, place of market 2, value or null, number of the pair]."""
    places = {symbol: place for place, symbol in enumerate(scan.markets)}
    rows = ScannedPair.objects.filter(scan=scan).values_list("market1", "market2", figure, "number")
    cells = [[places[one], places[two], value, number] for one, two, value, number in rows]
    return {"markets": [short(symbol) for symbol in scan.markets], "figure": figure, "cells": cells}


def spread_of(pair: ScannedPair) -> dict[str, Any]:
    """The z-score by the fit of the first part, both parts; raises LookupError where its candles are gone."""
    scan = pair.scan
    one, two = series_of(scan.exchange, (pair.market1, pair.market2), scan.timeframe, scan.since, scan.until)
    if one is None or two is None or not (pair.split_at and pair.last_at and pair.spread_deviation_pct):
        raise LookupError(_("The candles of this pair are not stored any more."))
    overlap = overlap_of(one, two)
    hedge = Hedge(pair.hedge_ratio or 0.0, pair.hedge_intercept or 0.0)
    z_score = hedge.spread(overlap.values1, overlap.values2) * 100.0 / pair.spread_deviation_pct
    end = int(np.searchsorted(overlap.times, to_ms(pair.last_at), side="right"))  # later bars are not the scan's
    times, z_score = overlap.times[:end], z_score[:end]
    kept = downsample(z_score, POINTS)
    return {
        "t": times[kept].tolist(),
        "z": z_score[kept].tolist(),
        "split": to_ms(pair.split_at),
        "deviation_pct": pair.spread_deviation_pct,
    }
