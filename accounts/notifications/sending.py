"""Sends what waits: for each channel one message after another, in order, each until it is taken or given up.

A channel belongs to the process that holds its lease (PostgreSQL's clock). A message stays first in its channel while
it is tried again, with growing pauses, and keeps its delivery id. Quiet hours and the rate limit hold messages back;
what was held back is told in one summary.
"""

import logging
import random
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now

from accounts.models import Channel, ChannelKind, Delivery, DeliveryStatus, NoticeKind, Notification, Severity
from accounts.notifications.failures import SendFailed
from accounts.notifications.mail import mail_send
from accounts.notifications.messages import Message, message_of
from accounts.notifications.quiet_hours import quiet_until
from accounts.notifications.secrets import SecretMismatch, unseal
from accounts.notifications.services_load import apprise_module
from accounts.notifications.webhook import webhook_send

LEASE = timedelta(seconds=60)
"""Longer than one attempt takes: a process that died is succeeded after this."""
TURN = timedelta(seconds=45)
"""How long one call sends; the next one goes on."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 600.0
REFUSALS_MOST = 10
KEPT_FOR = timedelta(days=3)
"""How long a message to somebody who does not answer is tried."""
RATE_WINDOW = timedelta(minutes=10)
RATE_MOST = 20
"""Messages of a channel within the window; errors may be twice as many."""

Clock = Callable[[], datetime]
PENDING, HELD = DeliveryStatus.PENDING, DeliveryStatus.HELD
log = logging.getLogger(__name__)


def channels_due(now: datetime) -> list[int]:
    """Those with a message to send, or to release, by now."""
    waiting = Delivery.objects.filter(status__in=[PENDING, HELD], next_at__lte=now)
    return sorted(waiting.values_list("channel_id", flat=True).distinct())


def channel_send(channel_id: int, now: Clock) -> bool:
    """Sends in order until nothing is due; nothing while another process does. Whether more is due."""
    while (token := _claim(channel_id)) is not None:
        try:
            is_done = _send_all(channel_id, token, now)
        finally:
            Channel.objects.filter(pk=channel_id, sending_token=token).update(sending_until=None, sending_token=None)
        if not _is_due(channel_id, now()):
            return False
        if not is_done:
            return True
    return False


def pause_s(attempts: int) -> float:
    """Before the next attempt: doubled each time, and never the same for all."""
    longest = min(FIRST_PAUSE_S * 2 ** min(attempts - 1, 20), LONGEST_PAUSE_S)
    return longest * random.uniform(0.5, 1.0)


def _claim(channel_id: int) -> uuid.UUID | None:
    token = uuid.uuid4()
    free = Channel.objects.filter(Q(sending_until=None) | Q(sending_until__lt=Now()), pk=channel_id)
    return token if free.update(sending_until=Now() + LEASE, sending_token=token) else None


def _renew(channel_id: int, token: uuid.UUID) -> bool:
    """False when another process has taken over."""
    return bool(Channel.objects.filter(pk=channel_id, sending_token=token).update(sending_until=Now() + LEASE))


def _is_due(channel_id: int, now: datetime) -> bool:
    """The head decides: what stands behind it waits with it."""
    waiting = Delivery.objects.filter(channel=channel_id)
    head = waiting.filter(status=PENDING).order_by("place", "pk").first()
    return (head is not None and head.next_at <= now) or waiting.filter(status=HELD, next_at__lte=now).exists()


def _send_all(channel_id: int, token: uuid.UUID, now: Clock) -> bool:
    """False when the turn is over before the messages are."""
    ends = now() + TURN
    while _renew(channel_id, token):
        channel = Channel.objects.select_related("owner").get(pk=channel_id)
        _release_held(channel, now())
        head = channel.deliveries.filter(status=PENDING).order_by("place", "pk").select_related("notification").first()
        if head is None or head.next_at > now():
            return True
        if now() >= ends:
            return False
        _take(head, channel, token, now)
    return True


def _take(head: Delivery, channel: Channel, token: uuid.UUID, now: Clock) -> None:
    if not channel.is_active or not channel.owner.is_active:
        _give_up(head, "off" if channel.owner.is_active else "user")
    elif until := _held_until(head, channel, now()):
        Delivery.objects.filter(pk=head.pk, status=PENDING).update(status=HELD, next_at=until)
    else:
        _attempt(head, channel, token, now)


def _attempt(head: Delivery, channel: Channel, token: uuid.UUID, now: Clock) -> None:
    """The attempt is on record before it is made; what came of it counts while the lease is ours."""
    count = head.notification.count if head.notification else 1
    mine = Delivery.objects.filter(pk=head.pk, status=PENDING)
    mine.update(attempts=F("attempts") + 1, count_sent=Coalesce(F("count_sent"), count))
    head.refresh_from_db(fields=["attempts", "count_sent"])
    message = message_of(head, channel)
    try:
        send(message, channel, now())
    except SendFailed as failure:
        if _renew(channel.pk, token):
            _failed(head, failure, now())
    except Exception as error:
        # A defect must not stop the channel for ever. Its text and traceback may hold the address.
        log.error("delivery %s: %s while sending", head.uid, type(error).__name__)
        if _renew(channel.pk, token):
            _failed(head, SendFailed("service", is_refusal=True), now())
    else:
        mine.update(status=DeliveryStatus.DELIVERED, delivered_at=now(), error="")


def send(message: Message, channel: Channel, now: datetime) -> None:
    """Over the channel's own way. Raises SendFailed."""
    if channel.kind == ChannelKind.MAIL:
        mail_send(message, channel)
        return
    try:
        address = unseal(channel, channel.address)
        secret = unseal(channel, channel.signing_secret) if channel.kind == ChannelKind.WEBHOOK else ""
    except SecretMismatch:
        raise SendFailed("address", is_refusal=True) from None
    if channel.kind == ChannelKind.WEBHOOK:
        webhook_send(message, address, secret, now)
    else:
        apprise_module().apprise_send(message, channel.kind, address)


def _failed(head: Delivery, failure: SendFailed, now: datetime) -> None:
    is_over = head.attempts >= REFUSALS_MOST if failure.is_refusal else head.created_at < now - KEPT_FOR
    log.warning("delivery %s: attempt %d failed (%s)", head.uid, head.attempts, failure.code)
    if is_over:
        _give_up(head, failure.code)
        return
    next_at = now + timedelta(seconds=pause_s(head.attempts))
    Delivery.objects.filter(pk=head.pk, status=PENDING).update(next_at=next_at, error=failure.code)


def _give_up(head: Delivery, code: str) -> None:
    Delivery.objects.filter(pk=head.pk, status=PENDING).update(status=DeliveryStatus.FAILED, error=code)


# --- holding back ---


def _held_until(head: Delivery, channel: Channel, now: datetime) -> datetime | None:
    """None: send it. What was tried already may have arrived: it is not put into a summary under another id."""
    told = head.notification
    if told is None or head.attempts or told.kind == NoticeKind.TEST:
        return None
    is_error = told.severity == Severity.ERROR
    if not (is_error and channel.errors_pass):
        until = quiet_until(channel.quiet_from, channel.quiet_to, channel.owner.time_zone, now)
        if until is not None:
            return until
    return _rate_until(channel, now, RATE_MOST * (2 if is_error else 1))


def _rate_until(channel: Channel, now: datetime, most: int) -> datetime | None:
    """When the oldest of the last `most` messages leaves the window; those held for it wait for the same moment."""
    recent = channel.deliveries.filter(delivered_at__gt=now - RATE_WINDOW).order_by("-delivered_at")
    times = list(recent.values_list("delivered_at", flat=True)[:most])
    if len(times) < most or times[-1] is None:
        return None
    others = channel.deliveries.filter(status=HELD, next_at__gt=now, next_at__lte=now + RATE_WINDOW)
    return others.aggregate(at=Max("next_at"))["at"] or times[-1] + RATE_WINDOW


def _release_held(channel: Channel, now: datetime) -> None:
    """One goes on its way as it is, several as a summary in the place of the first."""
    with transaction.atomic():
        held = channel.deliveries.select_for_update().filter(status=HELD, next_at__lte=now).order_by("place", "pk")
        rows = list(held)
        if len(rows) == 1:
            Delivery.objects.filter(pk=rows[0].pk).update(status=PENDING)
        elif rows:
            summary = Delivery.objects.create(channel=channel, place=rows[0].place, next_at=now)
            ids = [row.pk for row in rows]
            counts = Notification.objects.filter(pk=OuterRef("notification")).values("count")
            members = Delivery.objects.filter(pk__in=ids)
            members.update(status=DeliveryStatus.SUMMARISED, summary=summary, count_sent=Subquery(counts))
