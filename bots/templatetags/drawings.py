"""Small drawings inside tables and cards, as SVG: nothing here needs a script or an inline style."""

from collections.abc import Mapping
from typing import Any, Final

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from bots.charts.sparklines import Sparkline

register = template.Library()

SPARK_WIDTH: Final = 116
SPARK_HEIGHT: Final = 30
SPARK_EDGE: Final = 4
LEVELS_WIDTH: Final = 42
LEVELS_HEIGHT: Final = 14
MARKS: Final = {"add": "add", "open_up": "add", "open_down": "add", "take_profit": "profit"}


@register.simple_tag
def level_bars(level: int, levels: int) -> SafeString:
    """One rising bar a level, the filled ones solid."""
    step = LEVELS_WIDTH / max(levels, 1)
    width = round(max(step - 2, 1), 2)
    heights = [5 + 9 * (k + 1) / max(levels, 1) for k in range(levels)]
    drawn = format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="1"/>',
        (
            ("on" if k < level else "", round(k * step, 2), round(LEVELS_HEIGHT - height, 2), width, round(height, 2))
            for k, height in enumerate(heights)
        ),
    )
    return format_html('<svg class="levels" viewBox="0 0 42 14" aria-hidden="true" focusable="false">{}</svg>', drawn)


@register.simple_tag
def sparkline(spark: Sparkline | None, figures: Mapping[str, Any] | None = None) -> SafeString:
    """The spread's line with its present end, and dashed lines at the next order and the take profit."""
    if spark is None:
        return SafeString("")
    marks = _marks(figures)
    low, high = _bounds(spark, [level for _, level in marks])
    points = " ".join(
        f"{SPARK_EDGE + i * (SPARK_WIDTH - 2 * SPARK_EDGE) / (len(spark.spreads) - 1):.1f},{_y(value, low, high):.1f}"
        for i, value in enumerate(spark.spreads)
    )
    lines = format_html_join(
        "",
        '<line class="spark-{}" x1="0" x2="{}" y1="{}" y2="{}"/>',
        ((name, SPARK_WIDTH, y, y) for name, level in marks if (y := f"{_y(level, low, high):.1f}")),
    )
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true" focusable="false">{}'
        '<polyline points="{}"/><path class="spark-end" d="M{} {}h0"/></svg>',
        SPARK_WIDTH,
        SPARK_HEIGHT,
        lines,
        points,
        SPARK_WIDTH - SPARK_EDGE,
        f"{_y(spark.spreads[-1], low, high):.1f}",
    )


def _marks(figures: Mapping[str, Any] | None) -> list[tuple[str, float]]:
    triggers = (figures or {}).get("triggers", {})
    return [(kind, triggers[name]["spread"]) for name, kind in MARKS.items() if name in triggers]


def _bounds(spark: Sparkline, marks: list[float]) -> tuple[float, float]:
    """The line fills the height; a mark may widen the scale by its own size again, beyond that it lies on the edge."""
    low, high = min(spark.spreads), max(spark.spreads)
    room = max(high - low, 0.2)
    near = [mark for mark in marks if low - room <= mark <= high + room]
    return min([low, *near]), max([high, *near, low + 0.2])


def _y(value: float, low: float, high: float) -> float:
    share = (min(max(value, low), high) - low) / (high - low)
    return SPARK_HEIGHT - SPARK_EDGE - share * (SPARK_HEIGHT - 2 * SPARK_EDGE)


@register.simple_tag
def exposure_bar(long: Any, short: Any, net: Any, most: Any) -> SafeString:
    """Gross as bars from the middle, net as a tick; `most` is what half the width stands for."""
    scale = 50 / float(most) if most else 0.0
    left, right, tick = float(short) * scale, float(long) * scale, 50 + float(net) * scale
    return format_html(
        '<svg class="exposure" viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<line class="zero" x1="50" x2="50" y1="0" y2="14"/>'
        '<rect class="short" x="{}" y="1" width="{}" height="12"/>'
        '<rect class="long" x="50" y="1" width="{}" height="12"/>'
        '<line class="net" x1="{}" x2="{}" y1="0" y2="14"/></svg>',
        f"{50 + left:.2f}",
        f"{-left:.2f}",
        f"{right:.2f}",
        f"{tick:.2f}",
        f"{tick:.2f}",
    )
