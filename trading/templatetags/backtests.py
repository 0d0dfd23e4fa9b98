"""What the pages of back-tests show in their own way: dates of bars, falls, sorted heads, small drawings."""

from datetime import UTC, datetime
from typing import Any, Final

from django import template
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bots.settings.form_values import shown_instant
from bots.strategies.registry import strategy_of
from bots.templatetags.figures import MINUS, NONE, THIN, Number, amount, number_of, plain, tone
from bots.templatetags.icons import icon
from bots.timeframe_words import TIMEFRAME_WORDS
from exchanges.timeframes import TIMEFRAME_MS
from trading.backtests.drafts import NEEDED
from trading.models import Backtest
from trading.pages.forms_backtest_list import BacktestQuery
from trading.pages.forms_backtests import FIELDS, BacktestForm

register = template.Library()

SHOWN_ELSEWHERE: Final = frozenset({*FIELDS, *NEEDED, "dca_config", "max_dca_times", "__all__"})
SPARK_WIDTH: Final = 116
SPARK_HEIGHT: Final = 30
SPARK_EDGE: Final = 3
HEAT_STEPS: Final = 5

FIELD_WORDS: Final = {
    "market1_symbol": gettext_lazy("Market 1"),
    "market2_symbol": gettext_lazy("Market 2"),
    "exchange": gettext_lazy("Exchange"),
    "timeframe": gettext_lazy("Candle"),
    "since": gettext_lazy("From"),
    "until": gettext_lazy("To"),
    "start_time": gettext_lazy("Counts both changes from"),
    "data": gettext_lazy("Recorded data"),
    "strategy": gettext_lazy("Strategy"),
    "profit_ratio": gettext_lazy("Take profit"),
    "stop_loss_ratio": gettext_lazy("Stop loss"),
    "leverage": gettext_lazy("Leverage"),
    "maintenance_margin": gettext_lazy("Maintenance margin"),
    "dca_config": gettext_lazy("Ladder"),
}


@register.filter
def day_of(value: datetime | None) -> str:
    """`31 Mar 2025`, in the user's zone."""
    if value is None:
        return ""
    # Translators: how a day is written, in the letters of Django's "date" filter
    return date_format(timezone.localtime(value), _("j M Y"))


@register.filter
def instant(value: int | float | None) -> datetime | None:
    """Milliseconds since 1970 as a moment."""
    return None if value is None else datetime.fromtimestamp(value / 1000, UTC)


@register.filter
def seconds(value: int | float | None) -> float | None:
    """Milliseconds as seconds, for `duration`."""
    return None if value is None else value / 1000


@register.filter
def local_input(value: datetime) -> str:
    """As a date field takes it."""
    return shown_instant(value)


@register.filter
def stray_errors(form: BacktestForm) -> list[str]:
    """What is wrong with something that has no field of its own here."""
    shown = SHOWN_ELSEWHERE | form.values.keys()
    return [text for name, texts in form.errors.items() if name not in shown for text in texts]


@register.filter
def timeframe_name(name: str) -> str:
    return str(TIMEFRAME_WORDS.get(name, name))


@register.filter
def run_days(run: Backtest) -> str:
    """`1 Jan – 31 Mar 2025`: the bars of a run that is done, else what was asked for."""
    first, last = run_bounds(run)
    if first is None or last is None:
        return _("all that is stored")
    begin, end = timezone.localtime(first), timezone.localtime(last)
    # Translators: how a day is written, in the letters of Django's "date" filter
    short, long = _("j M"), _("j M Y")
    if begin.year != end.year:
        return f"{date_format(begin, long)} {NONE} {date_format(end, long)}"
    # the year is told once, where the language puts it
    form1, form2 = (long, short) if long.lower().startswith("y") else (short, long)
    return f"{date_format(begin, form1)} {NONE} {date_format(end, form2)}"


def run_bounds(run: Backtest) -> tuple[datetime | None, datetime | None]:
    """Opening of the first and close of the last bar, as far as they are known."""
    data = run.summary.get("data")
    if not isinstance(data, dict) or "first" not in data:
        return run.since, run.until
    return instant(data["first"]), instant(data["last"] + TIMEFRAME_MS.get(run.timeframe, 0))


@register.filter
def progress_pct(run: Backtest) -> float:
    return min(100.0, run.done / run.total * 100) if run.total else 0.0


@register.filter
def pct0(value: Number) -> str:
    """Percent without decimals."""
    text = plain(value, 0)
    return text if text == NONE else f"{text}{THIN}%"


@register.filter
def fall(value: Number) -> str:
    """A fall from a peak, given as a size, written as the loss that it is."""
    number = number_of(value)
    text = plain(number, 2)
    return text if number is None or text == "0.00" else MINUS + text.lstrip(MINUS)


@register.filter
def list_address(query: BacktestQuery, without: str) -> str:
    return query.address(**{without: ""})


@register.simple_tag
def sort_link(query: BacktestQuery, first: str, word: str) -> SafeString:
    """A column's head. `first`: the order of its first press."""
    if query.sort.removeprefix("-") != first.removeprefix("-"):
        return format_html('<a class="sort" href="?{}">{}</a>', query.address(sort=first).rstrip("&"), word)
    is_descending = query.sort.startswith("-")
    turned = first.removeprefix("-") if is_descending else f"-{first.removeprefix('-')}"
    return format_html(
        '<a class="sort" aria-current="true" href="?{}">{}{}</a>',
        query.address(sort=turned).rstrip("&"),
        word,
        icon("arrow-down" if is_descending else "arrow-up", "s"),
    )


@register.simple_tag
def equity_spark(values: list[float] | None) -> SafeString:
    """A run's equity from first to last bar, above and below the zero line."""
    if not values or len(values) < 2:
        return SafeString("")
    low, high = min(0.0, *values), max(0.0, *values)
    room = (high - low) or 1.0

    def y(value: float) -> float:
        return SPARK_EDGE + (high - value) / room * (SPARK_HEIGHT - 2 * SPARK_EDGE)

    step = SPARK_WIDTH / (len(values) - 1)
    points = " ".join(f"{i * step:.1f},{y(value):.1f}" for i, value in enumerate(values))
    return format_html(
        '<svg class="spark equity-spark {}" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true" '
        'focusable="false"><polygon points="0,{zero} {} {},{zero}"/><line class="spark-zero" x1="0" x2="{}" '
        'y1="{zero}" y2="{zero}"/><polyline points="{}"/></svg>',
        tone(values[-1]),
        SPARK_WIDTH,
        SPARK_HEIGHT,
        points,
        SPARK_WIDTH,
        SPARK_WIDTH,
        points,
        zero=f"{y(0.0):.1f}",
    )


@register.filter
def heat(value: Number, most: Any) -> str:
    """CSS class of a month's cell: its tone, in five steps up to the largest month."""
    number = number_of(value)
    if number is None or not most or tone(number) == "":
        return ""
    step = min(HEAT_STEPS, max(1, round(abs(float(number)) / float(most) * HEAT_STEPS)))
    return f"heat-{tone(number)}-{step}"


@register.filter
def pct_figure(value: Number) -> str:
    """Percent with one decimal, without its sign: that stands beside it, quieter."""
    return plain(value, 1)


@register.filter
def month_money(value: Number) -> str:
    """A month's result in a narrow cell: whole units from 100 on."""
    number = number_of(value)
    text = plain(number, 0 if number is not None and abs(number) >= 100 else 2, signed=True)
    return NONE if text in ("+0.00", "+0") else text


@register.filter
def month_pct(value: Number) -> str:
    """A month's percentage in a narrow cell: fewer decimals the larger it is."""
    number = number_of(value)
    size_of = abs(number) if number is not None else 0
    text = plain(number, 0 if size_of >= 100 else 1 if size_of >= 10 else 2, signed=True)
    return text if text == NONE else f"{text}{THIN}%"


@register.filter
def known_share(funding: dict[str, Any]) -> str:
    """Of the time in position, else of all payments that were due."""
    return pct0(funding.get("known_pct", funding.get("coverage_pct")))


@register.filter
def size(value: Number) -> str:
    """An amount of coins beside an arrow that says bought or sold."""
    number = number_of(value)
    return amount(None if number is None else abs(number))


@register.filter
def reason_word(reason: str) -> str:
    return {
        "take_profit": _("Take profit"),
        "stop_loss": _("Stop loss"),
        "liquidation": _("Liquidation"),
        "signal": _("Signal of the strategy"),
    }.get(reason, reason)


@register.filter
def trade_word(action: str, level: int) -> str:
    words = {"open": _("Open %(level)s"), "add": _("Add %(level)s")}
    return words[action] % {"level": level} if action in words else reason_word(action)


@register.filter
def strategy_title(name: str) -> str:
    """What a strategy is called; of one that is not there any more its name."""
    try:
        return str(strategy_of(name).title)
    except LookupError:
        return name


@register.filter
def problem_words(problem: str) -> str:
    """`since: lies after …` with the field as the form calls it."""
    name, found, text = problem.partition(": ")
    if not found or name not in FIELD_WORDS:
        return _(problem) if problem else ""
    return f"{FIELD_WORDS[name]}: {text}"


@register.filter
def problem_line(run: Backtest) -> str:
    return "; ".join(problem_words(problem) for problem in run.problems)
