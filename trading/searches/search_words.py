"""The result of a search in a few lines for people."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from trading.searches.warning_words import texts_of

SHOWN = 5


def search_words(result: Mapping[str, Any], *, currency: str) -> str:
    return "\n".join([*_counts(result), *_best(result, currency), *_rest(result, currency)])


def _counts(result: Mapping[str, Any]) -> Iterator[str]:
    refused = f", {result['refused']:,} could not be run" if result["refused"] else ""
    yield f"{result['done']:,} sets over {result['bars']:,} bars, {result['scored']:,} of them count{refused}"
    if result["best"]:
        yield f"Best by {result['objective']}, in sample | out of sample:"


def _best(result: Mapping[str, Any], currency: str) -> Iterator[str]:
    for row in result["best"][:SHOWN]:
        values = ", ".join(f"{name} {value}" for name, value in row["values"].items())
        inside = row["in_sample"]
        yield f"  {_figure(row['score'])} | {_figure(row['oos_score'])}  set {row['number']}: {values}"
        yield f"    {inside['net_profit']:+,.2f} {currency} in {inside['cycles']:,} cycles{_outside(row, currency)}"


def _outside(row: Mapping[str, Any], currency: str) -> str:
    outside = row["out_of_sample"]
    if outside is None:
        return ""
    compared = _compared(row["degradation_pct"])
    return f"; out of sample {outside['net_profit']:+,.2f} {currency} in {outside['cycles']:,} cycles{compared}"


def _compared(worse: float | None) -> str:
    if worse is None:
        return ""
    if worse > 100:
        return ", a loss instead of a profit"
    return f", {abs(worse):.0f} % {'worse' if worse > 0 else 'better'}"


def _rest(result: Mapping[str, Any], currency: str) -> Iterator[str]:
    if walk := result["walk_forward"]:
        folds = walk["folds"]
        yield (
            f"Walk-forward over {len(folds)} folds: {walk['net_profit']:+,.2f} {currency} out of sample, "
            f"{walk['profitable_folds']} folds with a profit, {walk['cycles']:,} cycles"
        )
        for fold in folds:
            if fold["number"] is not None:
                profit = fold["out_of_sample"]["net_profit"]
                yield f"  {_day(fold['out_from'])} to {_day(fold['out_until'])}: set {fold['number']}, {profit:+,.2f}"
    if result["importance"]:
        shares = ", ".join(f"{row['name']} {row['share_pct']:.0f} %" for row in result["importance"])
        yield f"What the score depends on: {shares}"
    yield from (f"Warning: {text}" for text in texts_of(result["findings"]))


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:,.4g}"


def _day(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d}"
