"""A user's own news: read, counted, marked, forgotten."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.models import Delivery, DeliveryStatus, NoticeKind, Notification, User
from accounts.signals import notifications_changed

COUNTED_MOST = 100


def notifications_of(user: User) -> QuerySet[Notification]:
    """Newest first; test messages belong to their channel's log."""
    return Notification.objects.filter(owner=user).exclude(kind=NoticeKind.TEST).order_by("-pk")


def unread_count(user_id: int) -> int:
    """At most `COUNTED_MOST`: more than that nobody counts."""
    return unread_of(user_id).count()


def unread_of(user_id: int) -> QuerySet[Notification]:
    """As many of them as are counted, in no order."""
    unread = Notification.objects.filter(owner=user_id, read_at=None).exclude(kind=NoticeKind.TEST)
    return unread.order_by()[:COUNTED_MOST]


def notifications_read(user: User, now: datetime, ids: Collection[int] | None = None) -> int:
    """Marks these, or all; how many were unread."""
    chosen = notifications_of(user).filter(read_at=None)
    count = (chosen if ids is None else chosen.filter(pk__in=ids)).order_by().update(read_at=now)
    if count:
        notifications_changed.send(sender=Notification, user_id=user.pk)
    return count


def notifications_forget(before: datetime) -> None:
    """With their deliveries; what is still to be sent stays."""
    waiting = Q(deliveries__status__in=[DeliveryStatus.PENDING, DeliveryStatus.HELD])
    Notification.objects.filter(last_at__lt=before, is_routed=True).exclude(waiting).delete()
    Delivery.objects.filter(notification=None, status=DeliveryStatus.DELIVERED, delivered_at__lt=before).delete()


def was_told(user: User, group: str, since: datetime) -> bool:
    """Whether news of this group are there already, told or about to be."""
    return Notification.objects.filter(owner=user, group=group, last_at__gt=since).exists()
