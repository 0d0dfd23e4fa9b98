"""What a strategy of one's own does wrong, in the reader's language."""

from datetime import UTC, datetime

from django.utils.translation import gettext as _

from trading.core.lookahead import Kind, Leak, Taken
from trading.core.strategy_failed import StrategyFailed
from trading.core.types import ADD, LIQUIDATION, OPEN, SIGNAL, STOP_LOSS, TAKE_PROFIT
from trading.strategies.beginning import Drift


def failure_words(failed: StrategyFailed) -> str:
    words = {"strategy": failed.strategy, "method": failed.method, "line": failed.line, "error": failed.error}
    if failed.line is None:
        return _("%(strategy)s: %(method)s fails: %(error)s") % words
    return _("%(strategy)s: %(method)s fails in line %(line)s: %(error)s") % words


def leak_words(leak: Leak) -> str:
    if leak.failed is not None:
        words = {"problem": failure_words(leak.failed), "bars": leak.bars}
        return _("%(problem)s (given %(bars)s bars)") % words
    sentence = (
        _(
            "%(strategy)s: feature %(feature)s at bar %(bar)s (%(time)s UTC) depends on later bars: %(known)s from the "
            "first %(bars)s bars, %(whole)s from all"
        )
        if leak.kind is Kind.FEATURE
        else _(
            "%(strategy)s: the decision at bar %(bar)s (%(time)s UTC) depends on later bars: %(known)s from the first "
            "%(bars)s bars, %(whole)s from all"
        )
    )
    return sentence % {
        "strategy": leak.strategy,
        "feature": leak.what,
        "bar": leak.bar,
        "time": f"{datetime.fromtimestamp(leak.time / 1000, UTC):%Y-%m-%d %H:%M}",
        "known": _found(leak.known),
        "bars": leak.bars,
        "whole": _found(leak.whole),
    }


def drift_words(drift: Drift) -> str:
    return _(
        "%(strategy)s: feature %(feature)s at bar %(bar)s (%(time)s UTC) depends on where the history begins: "
        "%(short)s from the %(warmup)s bars of its warm-up, %(whole)s from all; a bot would not trade as this "
        "back-test does"
    ) % {
        "strategy": drift.strategy,
        "feature": drift.feature,
        "bar": drift.bar,
        "time": f"{datetime.fromtimestamp(drift.time / 1000, UTC):%Y-%m-%d %H:%M}",
        "short": drift.short,
        "warmup": drift.warmup,
        "whole": drift.whole,
    }


def _found(value: str | Taken) -> str:
    if isinstance(value, str):
        return value
    actions = {
        OPEN: _("Open %(level)s"),
        ADD: _("Add %(level)s"),
        TAKE_PROFIT: _("Take profit"),
        STOP_LOSS: _("Stop loss"),
        LIQUIDATION: _("Liquidation"),
        SIGNAL: _("Signal of the strategy"),
    }
    if value.action not in actions:
        return _("nothing")
    side = _("long the spread") if value.side > 0 else _("short the spread")
    return f"{actions[value.action] % {'level': value.level}} ({side})"
