"""What one delivery says: of one notification, or of several that were held back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from accounts.models import Channel, Delivery, Notification, Severity

SUMMARY = "summary"
LINES_MOST = 30


@dataclass(frozen=True, slots=True)
class Item:
    kind: str
    severity: str
    title: str
    text: str
    link: str
    count: int
    at: datetime

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "severity": self.severity,
            "title": self.title,
            "text": self.text,
            "link": self.link,
            "count": self.count,
            "at": self.at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Message:
    """`title` and `body` are for people, in the user's language. The same delivery always makes the same message."""

    id: UUID
    kind: str
    severity: str
    title: str
    body: str
    at: datetime
    items: tuple[Item, ...]

    def as_json(self) -> dict[str, Any]:
        """What webhooks get: one notification flat, a summary with its `items`."""
        if self.kind != SUMMARY:
            return {"id": str(self.id)} | self.items[0].as_json()
        whole = {"kind": SUMMARY, "severity": self.severity, "title": self.title, "at": self.at.isoformat()}
        return {"id": str(self.id)} | whole | {"items": [item.as_json() for item in self.items]}


def message_of(delivery: Delivery, channel: Channel) -> Message:
    """As its first attempt said it: what was counted since belongs to no message."""
    with override(channel.owner.language):
        if delivery.notification is None:
            return _summary(delivery, channel)
        item = _item(delivery.notification, delivery.count_sent or delivery.notification.count)
        title, body = _titled(item), "\n\n".join(part for part in (_counted(item), item.link) if part)
        return Message(delivery.uid, item.kind, item.severity, title, body, item.at, (item,))


def _summary(delivery: Delivery, channel: Channel) -> Message:
    members = delivery.members.select_related("notification").order_by("place", "pk")
    items = tuple(_item(one.notification, one.count_sent or 1) for one in members if one.notification is not None)
    loudest = max((item.severity for item in items), key=Severity.values.index, default=str(Severity.INFO))
    title = ngettext("%(n)d message was held back", "%(n)d messages were held back", len(items)) % {"n": len(items)}
    lines = [f"{_time(item.at, channel)} {_titled(item)}: {_counted(item)}" for item in items[:LINES_MOST]]
    if len(items) > LINES_MOST:
        lines.append(_("and %(n)d more") % {"n": len(items) - LINES_MOST})
    body = "\n".join([*lines, *([_absolute(reverse("notifications"))] if settings.PUBLIC_URL else [])])
    return Message(delivery.uid, SUMMARY, loudest, title, body, delivery.created_at, items)


def _item(row: Notification, count: int) -> Item:
    return Item(row.kind, row.severity, row.title, row.text, _absolute(row.link), count, row.at)


def _titled(item: Item) -> str:
    if item.severity == Severity.INFO:
        return item.title
    return f"{Severity(item.severity).label} · {item.title}"


def _counted(item: Item) -> str:
    return item.text if item.count == 1 else f"{item.text} (× {item.count})"


def _time(at: datetime, channel: Channel) -> str:
    return at.astimezone(ZoneInfo(channel.owner.time_zone)).strftime("%m-%d %H:%M")


def _absolute(link: str) -> str:
    """Without `PUBLIC_URL` nobody knows where this site is."""
    if not link.startswith("/"):
        return link
    return settings.PUBLIC_URL.rstrip("/") + link if settings.PUBLIC_URL else ""
