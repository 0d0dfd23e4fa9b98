"""A scan and its pairs as rows of the API, the command and the pages' scripts."""

from typing import Any, Final

from exchanges.timeframes import HOUR_MS, timeframe_ms
from trading.models import PairScan, ScannedPair
from trading.scans.progress import waiting_for, worded

SCAN_FIELDS: Final = (
    "id",
    "exchange",
    "timeframe",
    "symbols",
    "since",
    "until",
    "out_of_sample_pct",
    "size_quote",
    "cost_pct",
    "status",
    "done",
    "total",
    "markets",
    "created_at",
    "started_at",
    "finished_at",
)
PAIR_FIELDS: Final = (
    "number",
    "market1",
    "market2",
    "score",
    "score_in",
    "score_out",
    "verdict",
    "correlation",
    "p_value",
    "q_value",
    "p_bonferroni",
    "adf_statistic",
    "adf_lags",
    "johansen_trace",
    "johansen_p",
    "johansen_q",
    "hedge_ratio",
    "hedge_intercept",
    "hedge_low",
    "hedge_high",
    "hedge_deviation",
    "half_life_bars",
    "hurst",
    "spread_deviation_pct",
    "spread_volatility_pct",
    "z_score",
    "oos_correlation",
    "oos_p_value",
    "oos_half_life_bars",
    "oos_hurst",
    "oos_drift",
    "oos_spread_deviation_pct",
    "funding1_pct",
    "funding2_pct",
    "carry_long_pct",
    "carry_source",
    "slippage_pct",
    "liquidity_note",
    "bars",
    "oos_bars",
    "first_at",
    "split_at",
    "last_at",
    "common_since",
    "problem",
)


def scan_row(scan: PairScan) -> dict[str, Any]:
    """JSON-ready but for times; problems in the reader's language."""
    return {name: getattr(scan, name) for name in SCAN_FIELDS} | {
        "download": scan.is_download_wanted,
        "waiting_for": waiting_for(scan),
        "left_out": [{"symbol": symbol, "reason": reason} for symbol, reason in scan.left_out],
        "problems": worded(scan.problems),
        "summary": scan.summary,
    }


def listed_scan_row(scan: PairScan) -> dict[str, Any]:
    """Without what grows with the number of markets."""
    row = scan_row(scan)
    return {name: value for name, value in row.items() if name not in ("markets", "left_out", "symbols")}


def pair_row(pair: ScannedPair) -> dict[str, Any]:
    bars_an_hour = HOUR_MS / timeframe_ms(pair.scan.timeframe)
    half_life = pair.half_life_bars
    found = {name: getattr(pair, name) for name in PAIR_FIELDS}
    return found | {"half_life_h": None if half_life is None else half_life / bars_an_hour}
