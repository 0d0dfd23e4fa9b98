"""The spread of a pair as a drawing, with the levels at which a ladder orders."""

from collections.abc import Sequence
from typing import Final

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

WIDTH: Final = 320
HEIGHT: Final = 96
EDGE: Final = 6
POINTS: Final = 160


@register.simple_tag
def spread_drawing(spreads: Sequence[float], levels: Sequence[float] = ()) -> SafeString:
    """The line over its time, dashed lines at the levels that lie near."""
    low, high = min([*spreads, 0.0]), max([*spreads, 0.0])
    room = max(high - low, 1.0)
    near = [level for level in levels if low - room * 0.6 <= level <= high + room * 0.6]
    low, high = min([low, *near]), max([high, *near, low + 0.5])
    line = spreads[:: max(1, len(spreads) // POINTS)]
    line = [*line[:-1], spreads[-1]]
    across = (WIDTH - 2 * EDGE) / max(1, len(line) - 1)

    def y(value: float) -> str:
        return f"{HEIGHT - EDGE - (value - low) / (high - low) * (HEIGHT - 2 * EDGE):.1f}"

    marks = format_html_join(
        "", '<line class="level" x1="0" x2="{}" y1="{}" y2="{}"/>', ((WIDTH, *[y(v)] * 2) for v in near)
    )
    points = " ".join(f"{EDGE + n * across:.1f},{y(value)}" for n, value in enumerate(line))
    return format_html(
        '<svg class="spread-drawing" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true" '
        'focusable="false"><line class="zero" x1="0" x2="{}" y1="{}" y2="{}"/>{}<polyline points="{}"/></svg>',
        WIDTH,
        HEIGHT,
        WIDTH,
        y(0.0),
        y(0.0),
        marks,
        points,
    )


@register.simple_tag
def ladder_drawing(steps: Sequence[float]) -> SafeString:
    """Levels as rungs, from the start upwards, at one scale for all ladders."""
    total, most = 0.0, 10.0
    rungs = []
    for step in steps:
        total += step
        rungs.append((100, *[f"{HEIGHT - EDGE - min(total / most, 1.0) * (HEIGHT - 2 * EDGE):.1f}"] * 2))
    lines = format_html_join("", '<line class="level" x1="0" x2="{}" y1="{}" y2="{}"/>', rungs)
    return format_html(
        '<svg class="ladder-drawing" viewBox="0 0 100 {}" preserveAspectRatio="none" aria-hidden="true" '
        'focusable="false">{}</svg>',
        HEIGHT,
        lines,
    )
