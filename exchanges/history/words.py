"""Figures about recorded history in sentences, for commands."""

from collections.abc import Iterator, Sequence

from exchanges.adapters.paper_source import from_ms
from trading.core.candles import Stretch

NAMED = 10


def utc(at: int) -> str:
    return f"{from_ms(at):%Y-%m-%d %H:%M}"


def counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def stretch_lines(title: str, stretches: Sequence[Stretch]) -> Iterator[str]:
    """A line that counts them and one for each of the longest; nothing for none."""
    if not stretches:
        return
    bars = counted(sum(stretch.bars for stretch in stretches), "bar", "bars")
    yield f"{title}: {bars} in {counted(len(stretches), 'stretch', 'stretches')}"
    longest = sorted(stretches, key=lambda stretch: -stretch.bars)[:NAMED]
    for stretch in sorted(longest, key=lambda stretch: stretch.first):
        yield f"  {utc(stretch.first)} to {utc(stretch.last)} UTC, {counted(stretch.bars, 'bar', 'bars')}"
    if len(stretches) > NAMED:
        yield f"  and {len(stretches) - NAMED:,} shorter ones"
