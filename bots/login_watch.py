"""Open sockets hear at once when a log-in of their user may have ended."""

from typing import Any

from accounts.signals import login_changed
from bots.feed import events as feed
from bots.feed.keys import login_group
from bots.feed.messages import LOGIN_CHECK


def connect() -> None:
    login_changed.connect(_announce, dispatch_uid="bots.login_watch")


def _announce(sender: Any, user_id: int, **kwargs: Any) -> None:
    feed.publish_group_on_commit(login_group(user_id), LOGIN_CHECK, {})
