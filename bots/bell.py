"""Open pages hear at once how many news their user has not read."""

from typing import Any

from accounts.notifications.inbox import unread_count
from accounts.signals import notifications_changed
from bots.feed import events as feed
from bots.feed.keys import user_group

UNREAD = "notifications"
"""Type of the frame on the dashboard's socket: {"unread": number}."""


def connect() -> None:
    notifications_changed.connect(_announce, dispatch_uid="bots.bell")


def _announce(sender: Any, user_id: int, **kwargs: Any) -> None:
    feed.publish_group_on_commit(user_group(user_id), UNREAD, {"unread": unread_count(user_id)})
