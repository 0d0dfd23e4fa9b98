"""What only the pages of markets draw and say."""

from decimal import Decimal

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from bots.amounts import decimal_text, grouped
from exchanges.pages.data_view import timeframe_word
from exchanges.symbols import amount_currency

register = template.Library()


@register.filter
def candle_word(timeframe: str) -> str:
    """`5 min`."""
    return timeframe_word(timeframe)


@register.filter
def amount_unit(symbol: str) -> str:
    """What its amounts count: coins, of inverse contracts money."""
    return amount_currency(symbol)


@register.filter
def tick_text(tick: Decimal) -> str:
    """Exact: a tick may be smaller than any amount is written."""
    return decimal_text(tick) if tick else "\N{EN DASH}"


@register.filter
def fee_pct(fee: Decimal) -> str:
    """Of a fraction, with the digits that fees have: `0.050 %`."""
    return f"{grouped(fee * 100, places=3)}\N{THIN SPACE}%"


@register.simple_tag
def funding_bar(share: float) -> SafeString:
    """From the middle: to the right what longs paid, to the left what shorts paid."""
    width = abs(share) * 50
    return format_html(
        '<svg class="funding-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<line x1="50" x2="50" y1="0" y2="8"/><rect class="{}" x="{}" y="1" width="{}" height="6"/></svg>',
        "longs" if share >= 0 else "shorts",
        f"{50 if share >= 0 else 50 - width:.1f}",
        f"{width:.1f}",
    )
