"""Where a user wants to hear of what happens: made, changed, tried out, deleted."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import override
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from accounts.audit import changed, record
from accounts.models import (
    Channel,
    ChannelChat,
    ChannelKind,
    Delivery,
    DeliveryStatus,
    NoticeKind,
    Notification,
    Severity,
    User,
)
from accounts.notifications.checked_connections import AddressRefused, address_refuse
from accounts.notifications.secrets import seal
from accounts.notifications.services_known import EXAMPLES
from accounts.notifications.services_load import apprise_module
from accounts.notifications.waking import wake

CHANNELS_MOST = 20
ADDRESS_LENGTH = 1000
TESTS_MOST = 5
TESTS_WITHIN = timedelta(minutes=10)
SETTINGS = ("name", "is_active", "least_severity", "kinds", "quiet_from", "quiet_to", "errors_pass")
CHOOSABLE = tuple(kind for kind in NoticeKind.values if kind != NoticeKind.TEST)


def channels_of(user: User) -> QuerySet[Channel]:
    return Channel.objects.filter(owner=user).order_by("pk")


def deliveries_of(user: User) -> QuerySet[Delivery]:
    """The log, newest first."""
    found = Delivery.objects.filter(channel__owner=user).select_related("channel", "notification")
    return found.order_by("-pk")


def channel_create(*, user: User, kind: str, address: str = "", values: Mapping[str, Any]) -> tuple[Channel, str]:
    """The channel, and a webhook's signing secret: it is told this once. Raises ValidationError."""
    channel = Channel(owner=user, kind=ChannelKind(kind))
    _apply(channel, values)
    if channel.kind == ChannelKind.MAIL:
        _refuse_unconfirmed(user)
    else:
        _address_set(channel, address)
    secret = _signing_secret_renew(channel) if channel.kind == ChannelKind.WEBHOOK else ""
    with transaction.atomic():
        _one_at_a_time(user)
        if channels_of(user).count() >= CHANNELS_MOST:
            raise ValidationError(_("You have %(n)d channels already. Delete one first.") % {"n": CHANNELS_MOST})
        _check(channel)
        channel.save()
        record(actor=user, action="channel.create", target=channel, details={"kind": channel.kind})
    return channel, secret


def channel_change(
    *, channel: Channel, values: Mapping[str, Any], address: str = "", renews_secret: bool = False
) -> str:
    """Values that are not given stay, and so does the address. Returns a new signing secret, if one was asked for.

    Raises ValidationError.
    """
    before = _recorded(channel)
    _apply(channel, values)
    if address and channel.kind == ChannelKind.MAIL:
        raise ValidationError({"address": _("Mails go to your own e-mail address.")})
    if address:
        _address_set(channel, address)
    if renews_secret and channel.kind != ChannelKind.WEBHOOK:
        raise ValidationError({"renew_signing_secret": _("Webhooks alone are signed.")})
    secret = _signing_secret_renew(channel) if renews_secret else ""
    with transaction.atomic():
        _one_at_a_time(channel.owner)
        _check(channel)
        channel.save(update_fields=[*SETTINGS, "address", "address_shown", "signing_secret"])
        _waiting_change(channel)
        if address:
            ChannelChat.objects.filter(channel=channel).delete()  # that of another Telegram bot, perhaps
        details = changed(before, _recorded(channel)) | {"new_address": bool(address), "new_signing": bool(secret)}
        record(actor=channel.owner, action="channel.change", target=channel, details=details)
        transaction.on_commit(wake, robust=True)
    return secret


def channel_delete(*, channel: Channel) -> None:
    with transaction.atomic():
        record(actor=channel.owner, action="channel.delete", target=channel, details={"kind": channel.kind})
        channel.delete()


def channel_test(*, channel: Channel, now: datetime) -> Delivery:
    """A message to this channel alone, past its filters and quiet hours. Raises ValidationError."""
    if not channel.is_active:
        raise ValidationError(_("The channel is switched off."))
    tests = channel.deliveries.filter(notification__kind=NoticeKind.TEST, created_at__gt=now - TESTS_WITHIN)
    if tests.count() >= TESTS_MOST:
        raise ValidationError(_("That were %(n)d tests within ten minutes. Wait a little.") % {"n": TESTS_MOST})
    with override(channel.owner.language):
        title, text = _("Test message"), _("This channel works. ChainMakes will tell you here what happens.")
    with transaction.atomic():
        told = Notification.objects.create(
            owner=channel.owner,
            kind=NoticeKind.TEST,
            severity=Severity.INFO,
            title=title,
            text=text,
            at=now,
            last_at=now,
            read_at=now,
            is_routed=True,
        )
        delivery = Delivery.objects.create(channel=channel, notification=told, place=told.pk, next_at=now)
        transaction.on_commit(wake, robust=True)
    return delivery


def address_shown(kind: str, address: str) -> str:
    """What may be shown of it: of a webhook the host, of a service its name."""
    if kind == ChannelKind.WEBHOOK:
        return (urlsplit(address).hostname or "")[:100]
    return "" if kind == ChannelKind.MAIL else f"{urlsplit(address).scheme}://…"[:100]


def _one_at_a_time(user: User) -> None:
    """Two requests of a user could pass the bound, or take one name, together."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _recorded(channel: Channel) -> dict[str, Any]:
    shown = {name: getattr(channel, name) for name in SETTINGS}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in shown.items()}


def _apply(channel: Channel, values: Mapping[str, Any]) -> None:
    for name in SETTINGS:
        if name in values:
            setattr(channel, name, values[name])
    channel.kinds = [kind for kind in CHOOSABLE if kind in channel.kinds]
    channel.name = channel.name.strip()


def _check(channel: Channel) -> None:
    """Raises ValidationError."""
    if not channel.name:
        raise ValidationError({"name": _("This field is required.")})
    if Channel.objects.filter(owner=channel.owner_id, name=channel.name).exclude(pk=channel.pk).exists():
        raise ValidationError({"name": _("You have a channel of this name already.")})
    if (channel.quiet_from is None) != (channel.quiet_to is None):
        missing = "quiet_to" if channel.quiet_to is None else "quiet_from"
        raise ValidationError({missing: _("Quiet hours need a beginning and an end.")})


def _refuse_unconfirmed(user: User) -> None:
    if user.email_confirmed_at is None:
        raise ValidationError({"kind": _("Confirm your e-mail address first, in the settings.")})


def _address_set(channel: Channel, address: str) -> None:
    """Raises ValidationError; its text never repeats the address."""
    address = address.strip()
    if not address:
        raise ValidationError({"address": _("This field is required.")})
    is_good = _is_webhook(address) if channel.kind == ChannelKind.WEBHOOK else _is_service(channel.kind, address)
    if not is_good or len(address) > ADDRESS_LENGTH:
        example = EXAMPLES[ChannelKind(channel.kind)]
        text = _("This is no address that can be used here. It looks like %(example)s") % {"example": example}
        raise ValidationError({"address": text})
    channel.address = seal(channel, address)
    channel.address_shown = address_shown(channel.kind, address)


def _is_webhook(address: str) -> bool:
    """Raises ValidationError for one that is not allowed."""
    try:
        url = parse_url(address)
        if url.scheme not in ("http", "https") or not url.host or url.auth:
            return False
        address_refuse(url)
    except (LocationParseError, UnicodeError):
        return False
    except AddressRefused:
        text = _("Use an https:// address on the public net. Internal ones have to be allowed by the operator.")
        raise ValidationError({"address": text}) from None
    return True


def _is_service(kind: str, address: str) -> bool:
    return apprise_module().service_of(kind, address) is not None


def _signing_secret_renew(channel: Channel) -> str:
    secret = secrets.token_urlsafe(32)
    channel.signing_secret = seal(channel, secret)
    return secret


def _waiting_change(channel: Channel) -> None:
    """Messages that wait follow the new settings: switched off they are given up, else they are tried at once."""
    waiting = channel.deliveries.filter(status__in=[DeliveryStatus.PENDING, DeliveryStatus.HELD])
    if channel.is_active:
        waiting.update(next_at=Now())
    else:
        waiting.update(status=DeliveryStatus.FAILED, error="off")
