"""How far a scan has come, on its way to the pages that show it."""

from typing import Any

from django.utils.translation import gettext

from bots.feed import events as feed
from bots.feed.messages import PROGRESS
from exchanges.models import CandleDownload
from trading.models import PairScan
from trading.scans.downloads import REFUSED


def group(scan_id: int) -> str:
    return f"scan.{scan_id}"


def worded(problems: list[str]) -> list[str]:
    """In the reader's language, as far as they are known words."""
    return [gettext(problem) if problem else "" for problem in problems]


def publish(scan: PairScan) -> None:
    """Tells readers, once the transaction is committed, what the row says now."""
    feed.publish_group_on_commit(group(scan.pk), PROGRESS, _state(scan) | {"problems": scan.problems})


def snapshot(scan: PairScan) -> dict[str, Any]:
    """Everything that a page needs to go on from."""
    return {"id": scan.pk, **_state(scan), "problems": worded(scan.problems), "summary": scan.summary}


def waiting_for(scan: PairScan) -> int:
    """How many downloads of its markets have not ended."""
    if scan.markets or not scan.is_open:
        return 0
    waited = [number for number in scan.downloads.values() if number != REFUSED]
    ended = CandleDownload.objects.filter(pk__in=[number for number in waited if number], finished_at__isnull=False)
    return len(waited) - ended.count()


def _state(scan: PairScan) -> dict[str, Any]:
    found = {"status": scan.status, "done": scan.done, "total": scan.total, "waiting_for": waiting_for(scan)}
    return found | {"liquidity": scan.summary.get("liquidity", "")}
