"""What one must know to read a result, in sentences: what was assumed, what the data lacked, what ended the run."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bots.amounts import grouped, grouped_exact
from exchanges.symbols import settle_of, short
from trading.backtests.settings_words import given_parameters, moment_words
from trading.models import Backtest

FEW_CYCLES: Final = 30


def fills_sentence(run: Backtest) -> str:
    """The one honest sentence about how the run fills."""
    values = given_parameters(run)
    slippage = {"bp": grouped_exact(values["slippage_bps"])}
    if values["fill"] == "close":
        return (
            _(
                "A back-test is not a promise: it trades at the very close that it decides on, %(bp)s bp worse, in full"
                " whatever the size; no exchange does that."
            )
            % slippage
        )
    return (
        _(
            "A back-test is not a promise: every order fills in full at the next bar's open, %(bp)s bp worse, however"
            " large it is; real books are thinner, and exchanges fail."
        )
        % slippage
    )


def notes_of(run: Backtest) -> list[str]:
    """Of a run that is done, the gravest first."""
    return [
        *run.summary.get("look_ahead", []),
        *_ends(run),
        *_too_few(run),
        *_funding(run),
        *_data(run),
        *_refused(run),
    ]


def _ends(run: Backtest) -> Iterator[str]:
    summary = run.summary
    if summary.get("liquidated_at") is not None:
        when = {"at": _moment(summary["liquidated_at"])}
        yield _("The margin ran out on %(at)s: the exchange closed the position, and trading ended.") % when
    elif summary.get("paused_at") is not None:
        when = {"at": _moment(summary["paused_at"])}
        yield _("Trading ended on %(at)s: a close paused it there, and nothing was traded from then on.") % when
    position = summary.get("open_position")
    if position:
        yield _("A position of level %(level)s was open at the end: the net P&L holds its %(pnl)s %(currency)s.") % {
            "level": position["level"],
            "pnl": grouped(position["net_pnl"], signed=True),
            "currency": settle_of(run.market1_symbol),
        }


def _too_few(run: Backtest) -> Iterator[str]:
    cycles = run.summary["stats"]["cycles"]
    if not cycles:
        yield _("No cycle closed in this run.")
    elif cycles < FEW_CYCLES:
        yield ngettext(
            "Only %(n)s cycle closed: too few to tell skill from luck.",
            "Only %(n)s cycles closed: too few to tell skill from luck.",
            cycles,
        ) % {"n": cycles}


def _funding(run: Backtest) -> Iterator[str]:
    if not run.use_funding:
        yield _("Funding was left out.")
        return
    found = list(zip(_names(run), run.summary.get("funding", []), strict=False))
    unknown = [name for name, funding in found if funding is None]
    if unknown:
        markets = {"markets": _(" and ").join(unknown)}
        yield _("No funding rates of %(markets)s are stored: funding counts as 0 there.") % markets
    for name, funding in found:
        known = None if funding is None else funding["known_pct"]
        if known is not None and known < 100:
            share = {"market": name, "share": grouped(known, places=0)}
            yield (
                _("Funding of %(market)s is known for %(share)s %% of the time in position; the rest counts as 0.")
                % share
            )


def _data(run: Backtest) -> Iterator[str]:
    for name, market in zip(_names(run), _markets(run), strict=False):
        if market["missing_bars"]:
            counts = {"market": name, "gaps": f"{market['gaps']:,}", "bars": f"{market['missing_bars']:,}"}
            yield _("%(market)s lacks %(bars)s bars in %(gaps)s gaps; they are not filled.") % counts
        if market["flat_bars"]:
            counts = {"market": name, "bars": f"{market['flat_bars']:,}"}
            yield _("%(market)s has %(bars)s bars without a trade: the exchange was probably down.") % counts


def _refused(run: Backtest) -> Iterator[str]:
    if refused := run.summary.get("refused_by_lots"):
        yield ngettext(
            "%(n)s level could not be ordered: lot steps and minimums did not allow it.",
            "%(n)s levels could not be ordered: lot steps and minimums did not allow it.",
            refused,
        ) % {"n": f"{refused:,}"}


def _names(run: Backtest) -> list[str]:
    return [short(symbol) for symbol in (run.market1_symbol, run.market2_symbol) if symbol]


def _markets(run: Backtest) -> list[dict[str, Any]]:
    data = run.summary["data"]
    return [data[f"market{leg}"] for leg in (1, 2) if data.get(f"market{leg}")]


def _moment(ms: int) -> str:
    return moment_words(datetime.fromtimestamp(ms / 1000, UTC))
