"""Tells users that what they left to run has ended: scans and searches, and back-tests that took their time.

What was canceled is no news to the one who did it. Links stand as they are: the end of a run must not depend on
whether every page can be imported.
"""

from datetime import timedelta
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from accounts.models import NoticeKind, Severity, User
from accounts.notifications import notify
from exchanges.models import JobStatus
from trading.models import Backtest, PairScan

SEEN: Final = timedelta(seconds=20)
"""Whoever asked for a single back-test is still looking at it until then."""


def scan_news(scan: PairScan) -> None:
    """In the transaction that ends it."""
    with override(scan.owner.language):
        title = _("Pairs on %(exchange)s, %(timeframe)s candles") % {
            "exchange": scan.get_exchange_display(),
            "timeframe": scan.timeframe,
        }
        text = _failed(scan.problems) if scan.status == JobStatus.FAILED else _found(scan.summary)
    _tell(scan.owner, "scan", scan.status, title, text, f"/pairs/{scan.pk}/")


def backtest_news(row: Backtest) -> None:
    """Of a search always, of a single run if it took long. In the transaction that ends it."""
    is_search = row.kind == Backtest.Kind.SEARCH
    if not is_search and row.finished_at and row.finished_at - row.created_at < SEEN:
        return
    with override(row.owner.language):
        if row.status == JobStatus.FAILED:
            text = _failed(row.problems)
        elif is_search:
            text = ngettext("%(n)s set of parameters was tried.", "%(n)s sets of parameters were tried.", row.done)
            text %= {"n": f"{row.done:,}"}
        else:
            text = _("The back-test is done.")
        title = str(row)
    _tell(row.owner, row.kind, row.status, title, text, f"/backtests/{row.pk}/")


def _found(summary: dict[str, Any]) -> str:
    pairs, holds = summary["pairs"], summary["holds"]
    text = ngettext("%(n)s pair was looked at.", "%(n)s pairs were looked at.", pairs) % {"n": f"{pairs:,}"}
    more = ngettext("%(n)s holds in both parts.", "%(n)s hold in both parts.", holds) % {"n": f"{holds:,}"}
    return f"{text} {more}"


def _failed(problems: list[str]) -> str:
    return " ".join([_("It failed."), *(_(problem) for problem in problems if problem)])


def _tell(user: User, what: str, status: str, title: str, text: str, link: str) -> None:
    severity = Severity.WARNING if status == JobStatus.FAILED else Severity.INFO
    group = f"finished:{what}"
    notify(user=user, kind=NoticeKind.FINISHED, severity=severity, title=title, text=text, link=link, group=group)
