"""What travels through the channel layer: a message is an event, numbered within its group."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bots.feed.keys import bot_group, user_group

Message = dict[str, Any]  # type (the consumer's handler), event, data, bot if it is one's; once numbered: sequence

SPREAD_UPDATE = "spread_update"
PROGRESS = "progress"
LOGIN_CHECK = "login_check"  # for the socket itself: its log-in may have ended


@dataclass(frozen=True, slots=True)
class Event:
    bot_id: int
    owner_id: int
    type: str
    data: dict[str, Any]

    @property
    def groups(self) -> tuple[str, str]:
        return bot_group(self.bot_id), user_group(self.owner_id)


@dataclass(frozen=True, slots=True)
class GroupEvent:
    """Of something else than a bot: one group reads it."""

    group: str
    type: str
    data: dict[str, Any]

    @property
    def groups(self) -> tuple[str]:
        return (self.group,)


def messages_of(event: Event | GroupEvent) -> dict[str, Message]:
    """The event as each group gets it: dashboards draw no chart, so points go to the bot's page alone."""
    if isinstance(event, GroupEvent):
        return {event.group: {"type": "feed.event", "event": event.type, "data": event.data}}
    whole = {"type": "feed.event", "event": event.type, "bot": event.bot_id, "data": event.data}
    if event.type != SPREAD_UPDATE:
        return dict.fromkeys(event.groups, whole)
    figures = {name: value for name, value in event.data.items() if name != "points"}
    of_bot, of_user = event.groups
    return {of_bot: whole | {"data": figures | {"points": _points(event.data)}}, of_user: whole | {"data": figures}}


def merged(messages: Iterable[Message]) -> list[Message]:
    """All live figures of a bot become its latest, with the points of all, in the latest's place; of all `progress`
    stays the latest; the rest stays."""
    kept: dict[tuple[str, int], Message] = {}
    for position, message in enumerate(messages):
        if message["event"] == PROGRESS:
            kept.pop((PROGRESS, 0), None)
            kept[PROGRESS, 0] = message
            continue
        if message["event"] != SPREAD_UPDATE:
            kept["", position] = message
            continue
        earlier = kept.pop((SPREAD_UPDATE, message["bot"]), None)
        kept[SPREAD_UPDATE, message["bot"]] = message if earlier is None else _joined(earlier, message)
    return list(kept.values())


def _joined(earlier: Message, later: Message) -> Message:
    if "points" not in later["data"]:
        return later
    return later | {"data": later["data"] | {"points": earlier["data"]["points"] + later["data"]["points"]}}


def _points(figures: dict[str, Any]) -> list[list[float]]:
    if "points" in figures:
        return figures["points"]
    at = datetime.fromisoformat(figures["at"])
    return [[int(at.timestamp() * 1000), figures["spread"], float(figures["price1"]), float(figures["price2"])]]
