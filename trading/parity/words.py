"""The report in a trader's words: one sentence for each reason, one for the whole."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bots.amounts import grouped
from bots.journal.lines import reason_text, sentence_of
from bots.journal.words import SIDES
from exchanges.adapters.paper_source import from_ms
from trading.parity.compare import Outcome
from trading.parity.reasons import Reason
from trading.parity.report import Report

PROBLEMS: Final = {
    "not_lived": gettext_lazy("The bot has not run yet: there is no past to compare."),
    "getting_out": gettext_lazy("A bot with a take profit of 0 or less is getting out; back-tests know no such thing."),
    "no_strategy": gettext_lazy("The bot's strategy is not there any more, or fails over these candles."),
    "no_candles": gettext_lazy("There are no candles of the time in which the bot ran."),
}
OUTCOMES: Final = {
    Outcome.SAME: gettext_lazy("Same"),
    Outcome.DIFFERENT: gettext_lazy("Different"),
    Outcome.ONLY_LIVE: gettext_lazy("Only the bot"),
    Outcome.ONLY_REPLAYED: gettext_lazy("Only the back-test"),
}
ACTIONS: Final = {
    "open": gettext_lazy("Open"),
    "add": gettext_lazy("Add"),
    "take_profit": gettext_lazy("Take profit"),
    "stop_loss": gettext_lazy("Stop loss"),
    "liquidation": gettext_lazy("Liquidation"),
    "signal": gettext_lazy("Signal of the strategy"),
    "manual": gettext_lazy("By hand"),
    "unwind": gettext_lazy("A leg was left alone"),
}
DIFFERENCES: Final = {
    "time": gettext_lazy("time"),
    "action": gettext_lazy("action"),
    "level": gettext_lazy("level"),
    "side": gettext_lazy("side"),
    "spread": gettext_lazy("spread"),
}
PARTS: Final = {
    "slippage": gettext_lazy("Slippage"),
    "timing": gettext_lazy("Price at the decision"),
    "quantities": gettext_lazy("Quantities and lots"),
    "fees": gettext_lazy("Fees"),
    "funding": gettext_lazy("Funding"),
    "decisions": gettext_lazy("Other decisions"),
}
_SENTENCES: Final = {
    "before_close": gettext_lazy(
        "Decided on a quote at %(spread)s pp, %(early)s before the candle closed at %(close)s pp."
    ),
    "slippage_worse": gettext_lazy("Filled %(bps)s bps worse than the back-test assumes: %(money)s."),
    "slippage_better": gettext_lazy("Filled %(bps)s bps better than the back-test assumes: %(money)s."),
    "by_hand": gettext_lazy("Closed by hand; a back-test knows no hands."),
    "leg_alone": gettext_lazy("Closed because one leg was left alone; a back-test fills both."),
    "not_replayed_yet": gettext_lazy("The candles after %(at)s have not closed yet."),
    "candle_missing": gettext_lazy(
        "The venue has no candle of %(at)s, so nothing is decided there; %(bars)s are missing."
    ),
    "not_running": gettext_lazy("The bot had been %(status)s since %(at)s%(because)s."),
    "ended": gettext_lazy("The bot had come to rest at %(at)s%(because)s."),
    "settings_changed": gettext_lazy(
        "Settings changed later, at %(at)s (%(fields)s); the back-test uses those of today."
    ),
    "between_closes": gettext_lazy(
        "Decided on a quote at %(spread)s pp between two closes; the candle closed at %(close)s pp."
    ),
    "other_prices": gettext_lazy(
        "The bot saw the candle close at %(spread)s pp, the candles of today give %(close)s pp."
    ),
    "carried_level": gettext_lazy(
        "Goes back to an earlier difference: the bot was %(stood)s, the back-test %(other_stood)s."
    ),
    "carried_reference": gettext_lazy(
        "Goes back to an earlier difference: the bot counts from %(spread)s pp, the back-test from %(other)s pp."
    ),
    "carried_last": gettext_lazy(
        "Goes back to an earlier difference: the bot traded last at %(spread)s pp, the back-test at %(other)s pp."
    ),
    "carried_first": gettext_lazy(
        "Goes back to an earlier difference: the bot opened at %(spread)s pp, the back-test at %(other)s pp."
    ),
    "carried_pnl": gettext_lazy(
        "Other entry prices: the bot stood at %(percent)s, the back-test at %(other)s, with %(limit)s to reach."
    ),
    "missed": gettext_lazy(
        "At the close of %(spread)s pp the bot was %(stood)s and did not act; its journal does not say why."
    ),
}


def reason_sentence(reason: Reason, currency: str) -> str:
    """In the language that is active now."""
    figures = reason.figures
    if reason.code == "journal":
        return sentence_of(figures["details"])
    code = reason.code
    if code == "slippage":
        code = "slippage_worse" if figures["money"] < 0 else "slippage_better"
    shown = _shown(figures, currency)
    if code == "carried_pnl":
        shown["other"] = _percent(figures["other"])
    return str(_SENTENCES[code]) % shown


def verdict(report: Report) -> str:
    """The whole in one sentence."""
    if report.problem:
        return str(PROBLEMS[report.problem])
    if not report.lines:
        return _("Neither the bot nor the back-test of its time has decided anything yet.")
    count, same = report.lived_decisions, report.count(Outcome.SAME)
    told = ngettext(
        "%(same)s of %(count)s decision is the back-test's",
        "%(same)s of %(count)s decisions are the back-test's",
        count,
    ) % {"same": f"{same:,}", "count": f"{count:,}"}
    others = [
        sentence % {"n": f"{report.count(outcome):,}"}
        for outcome, sentence in (
            (Outcome.DIFFERENT, _("%(n)s differ")),
            (Outcome.ONLY_LIVE, _("%(n)s only the bot made")),
            (Outcome.ONLY_REPLAYED, _("%(n)s only the back-test made")),
        )
        if report.count(outcome)
    ]
    return _("; ").join([told, _(", ").join(others)] if others else [told]) + _(".")


def _shown(figures: Mapping[str, Any], currency: str) -> dict[str, str]:
    found = {name: _FORMATS[name](value) for name, value in figures.items() if name in _FORMATS}
    if "money" in figures:
        found["money"] = f"{grouped(figures['money'], signed=True)} {currency}"
    if "seconds" in figures:
        found["early"] = _length(figures["seconds"])
    if "level" in figures:
        found["stood"] = _stand(figures["level"], figures.get("side", 0), figures.get("percent"))
    if "other_level" in figures:
        found["other_stood"] = _stand(figures["other_level"], figures["other_side"], None)
    return found


def _stand(level: int, side: int, percent: float | None) -> str:
    if not level:
        return str(SIDES[0])
    stood = _("at level %(level)s") % {"level": level}
    if side:
        stood = _("%(level)s, %(side)s") % {"level": stood, "side": SIDES[side]}
    if percent is None:
        return stood
    return _("%(level)s with %(percent)s") % {"level": stood, "percent": _percent(percent)}


def _length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return _("%(s)s s") % {"s": rest}
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return _("%(m)s min %(s)s s") % {"m": minutes, "s": rest}
    return _("%(h)s h %(m)s min") % {"h": hours, "m": minutes}


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{grouped(value, signed=True)} %"


def _points(value: float) -> str:
    return grouped(value, signed=True)


def _time(at: int) -> str:
    moment: datetime = from_ms(at).astimezone(UTC)
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _because(reason: str) -> str:
    return _(": %s") % reason_text(reason) if reason else ""


_STATUSES: Final = {
    "paused": gettext_lazy("paused"),
    "stopped": gettext_lazy("stopped"),
    "failed": gettext_lazy("stopped by an error"),
}
_FORMATS: Final[dict[str, Callable[[Any], str]]] = {
    "spread": _points,
    "close": _points,
    "other": _points,
    "percent": _percent,
    "limit": _percent,
    "at": _time,
    "bps": lambda value: grouped(value, places=1),
    "bars": lambda value: f"{value:,}",
    "status": lambda value: str(_STATUSES.get(value, value)),
    "fields": ", ".join,
    "because": _because,
}
