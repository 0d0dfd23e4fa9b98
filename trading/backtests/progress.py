"""How far a back-test or a search has come, on its way to the pages that show it."""

from typing import Any

from django.utils.translation import gettext

from bots.feed import events as feed
from bots.feed.messages import PROGRESS
from trading.models import Backtest


def group(backtest_id: int) -> str:
    return f"backtest.{backtest_id}"


def worded(problems: list[str]) -> list[str]:
    """In the reader's language, as far as they are known words."""
    return [gettext(problem) if problem else "" for problem in problems]


def publish(backtest: Backtest, **more: Any) -> None:
    """Tells readers, once the transaction is committed, what the row says now. `more`: JSON-ready, of a search."""
    data = {"status": backtest.status, "done": backtest.done, "total": backtest.total}
    if not backtest.is_open:
        data["problems"] = backtest.problems
    feed.publish_group_on_commit(group(backtest.pk), PROGRESS, data | more)


def snapshot(backtest: Backtest) -> dict[str, Any]:
    """Everything that a page needs to go on from."""
    return {
        "id": backtest.pk,
        "kind": backtest.kind,
        "status": backtest.status,
        "done": backtest.done,
        "total": backtest.total,
        "problems": worded(backtest.problems),
        "summary": backtest.summary,
    }
