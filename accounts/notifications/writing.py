"""Notes what a user should hear of."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import NoticeKind, Notification, Severity, User
from accounts.notifications.waking import wake

TITLE_LENGTH = Notification._meta.get_field("title").max_length or 200
TEXT_LENGTH = 2_000
LINK_LENGTH = Notification._meta.get_field("link").max_length or 300
GROUP_LENGTH = Notification._meta.get_field("group").max_length or 120


def notify(
    *,
    user: User,
    kind: str,
    severity: str,
    title: str,
    text: str,
    link: str = "",
    group: str = "",
    at: datetime | None = None,
) -> None:
    """One row in the caller's transaction, no network and no lock; sent once that is committed.

    `title` says who (a bot, an account), `text` what happened, both in the user's language; `link` is a path of this
    site. News of one `group` within some minutes are counted instead of repeated. Raises ValueError for an unknown
    kind or severity.
    """
    at = at or timezone.now()
    Notification.objects.create(
        owner_id=user.pk,
        kind=NoticeKind(kind),
        severity=Severity(severity),
        title=" ".join(_storable(title).split())[:TITLE_LENGTH],
        text=_storable(text).strip()[:TEXT_LENGTH],
        link=_storable(link)[:LINK_LENGTH],
        group=_storable(group)[:GROUP_LENGTH],
        at=at,
        last_at=at,
    )
    transaction.on_commit(wake, robust=True)


def _storable(text: str) -> str:
    """PostgreSQL keeps no NUL, and a venue's words must not undo the transaction that tells them."""
    return str(text).replace("\x00", "")
