"""From what happened to what is sent: groups what repeats and hands the rest to the channels that want it."""

from datetime import timedelta

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Channel, ChannelKind, Delivery, NoticeKind, Notification, Severity, User
from accounts.signals import notifications_changed

GROUP_FOR = timedelta(minutes=10)
"""From the first of a group: later ones are counted on its row."""
ROWS_AT_ONCE = 200
_LOCK = 0x6E6F7469
_RANK = {severity: rank for rank, severity in enumerate(Severity.values)}


def notifications_route() -> bool | None:
    """Takes what nobody has taken yet, oldest first. Whether there may be more; None while another process is at it."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            if cursor.fetchone() != (True,):
                return None
        rows = Notification.objects.filter(is_routed=False).order_by("pk").select_related("owner")
        found = list(rows[:ROWS_AT_ONCE])
        for row in found:
            _route(row)
    for owner_id in {row.owner_id for row in found}:
        notifications_changed.send(sender=Notification, user_id=owner_id)
    return len(found) == ROWS_AT_ONCE


def wants(channel: Channel, kind: str, severity: str) -> bool:
    if kind == NoticeKind.TEST:
        return False
    is_loud = _RANK[severity] >= _RANK[channel.least_severity]
    return channel.is_active and is_loud and (not channel.kinds or kind in channel.kinds)


def is_mailed(user: User, kind: str, severity: str) -> bool:
    """Whether a channel of the user's brings such news by e-mail: a letter beside it would say the same twice."""
    mails = Channel.objects.filter(owner=user, kind=ChannelKind.MAIL, is_active=True)
    return user.is_active and any(wants(channel, kind, severity) for channel in mails)


def _route(row: Notification) -> None:
    if row.group and (first := _first_of_group(row)):
        Notification.objects.filter(pk=first.pk).update(count=F("count") + row.count, last_at=row.at, read_at=None)
        row.delete()
        return
    row.is_routed = True
    row.save(update_fields=["is_routed"])
    channels = Channel.objects.filter(owner=row.owner_id, is_active=True) if row.owner.is_active else ()
    now = timezone.now()
    Delivery.objects.bulk_create(
        Delivery(channel=channel, notification=row, place=row.pk, next_at=now)
        for channel in channels
        if wants(channel, row.kind, row.severity)
    )


def _first_of_group(row: Notification) -> Notification | None:
    """None also where the earlier one was quieter: louder news are told anew."""
    same = Notification.objects.filter(owner=row.owner_id, group=row.group, kind=row.kind, is_routed=True)
    first = same.filter(at__gt=row.at - GROUP_FOR).order_by("-pk").first()
    return first if first and _RANK[first.severity] >= _RANK[row.severity] else None
