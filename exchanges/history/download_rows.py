"""Downloads of history as the API and open pages show them."""

from typing import Any, Final

from django.utils.translation import gettext

from exchanges.adapters.paper_source import from_ms
from exchanges.models import CandleDownload

PLAIN: Final = (
    "id",
    "exchange",
    "symbol",
    "kind",
    "timeframe",
    "since",
    "until",
    "status",
    "done",
    "total",
    "reached_at",
    "rows",
    "missing_bars",
    "is_cancel_wanted",
    "created_at",
    "started_at",
    "finished_at",
)


def download_row(download: CandleDownload) -> dict[str, Any]:
    """JSON-ready but for times; the message in the reader's language where it is one of ours."""
    return {name: getattr(download, name) for name in PLAIN} | {
        "missing": [{"first_at": from_ms(first), "last_at": from_ms(last)} for first, last in download.missing],
        "message": gettext(download.message) if download.message else "",
    }


def group(owner_id: int) -> str:
    """Of the live feed: the user's pages read it."""
    return f"downloads.{owner_id}"


def live_row(download: CandleDownload) -> dict[str, Any]:
    """What moves while it runs, JSON-ready."""
    return {
        "id": download.pk,
        "status": download.status,
        "done": download.done,
        "total": download.total,
        "rows": download.rows,
        "reached_at": download.reached_at.isoformat() if download.reached_at else None,
    }
