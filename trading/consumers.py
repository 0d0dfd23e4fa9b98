"""The live feed of one back-test, search or scan: a snapshot first, then how far it has come (`bots.consumers`)."""

from typing import Any

from django.utils import translation

from accounts.models import User
from bots.consumers import FeedConsumer, Frame
from bots.feed.messages import Message
from trading.backtests import progress
from trading.backtests.selectors import backtest_of
from trading.scans import progress as scan_progress
from trading.scans.selectors import scan_of


class BacktestConsumer(FeedConsumer):
    @property
    def _backtest_id(self) -> int:
        return int(self.scope["url_route"]["kwargs"]["backtest_id"])

    def group_of(self, user: User) -> str:
        return progress.group(backtest_of(user, self._backtest_id).pk)

    def snapshot_of(self, user: User) -> dict[str, Any]:
        return progress.snapshot(backtest_of(user, self._backtest_id))

    def frames_of(self, messages: list[Message]) -> list[Frame]:
        return [self._frame_of(message) for message in messages]

    def _worded(self, message: Message) -> dict[str, Any]:
        """What went wrong in the reader's language."""
        data: dict[str, Any] = message["data"]
        if "problems" not in data:
            return data
        with translation.override(self._language):
            return data | {"problems": progress.worded(data["problems"])}


class ScanConsumer(FeedConsumer):
    @property
    def _scan_id(self) -> int:
        return int(self.scope["url_route"]["kwargs"]["scan_id"])

    def group_of(self, user: User) -> str:
        return scan_progress.group(scan_of(user, self._scan_id).pk)

    def snapshot_of(self, user: User) -> dict[str, Any]:
        return scan_progress.snapshot(scan_of(user, self._scan_id))

    def frames_of(self, messages: list[Message]) -> list[Frame]:
        return [self._frame_of(message) for message in messages]

    def _worded(self, message: Message) -> dict[str, Any]:
        """What went wrong in the reader's language."""
        data: dict[str, Any] = message["data"]
        with translation.override(self._language):
            return data | {"problems": scan_progress.worded(data["problems"])}
