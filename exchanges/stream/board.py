"""What a feed has said last, in memory: one word a topic, however much was said between two looks."""

import itertools
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

from exchanges.stream.ccxt_socket import Heard
from exchanges.stream.states import Life, State
from exchanges.stream.topics import TRADES, Feed, Topic

TRADES_KEPT: Final = 100


@dataclass
class Board:
    """Of one feed. `first_number` lies above every number of an earlier life."""

    feed: Feed
    first_number: int
    is_connected: bool = False
    _heard: dict[Topic, Heard] = field(default_factory=dict)
    _received: dict[Topic, int] = field(default_factory=dict)
    _trades: dict[Topic, deque[list[Any]]] = field(default_factory=dict)
    _news: dict[Topic, None] = field(default_factory=dict)
    _over: set[Topic] = field(default_factory=set)
    _life: Life = field(default_factory=lambda: Life(0, 0, False))

    def __post_init__(self) -> None:
        self._numbers = itertools.count(self.first_number)
        self._trade_numbers: dict[Topic, int] = {}

    def put(self, topic: Topic, heard: Heard, now_ms: int) -> None:
        """An older word than the last one is not news. Without a venue time the feed's own newest stands for it."""
        newest = max(self._life.venue_ms, heard.at_ms)
        self._life = Life(now_ms, newest, True)
        known = self._heard.get(topic)
        if known is not None and topic.channel != TRADES and heard.at_ms < known.at_ms:
            return
        self._heard[topic] = heard if heard.at_ms else Heard(newest or now_ms, heard.data)
        self._received[topic] = now_ms
        if topic.channel == TRADES:
            self._number(topic, heard, now_ms)
        self._news[topic] = None

    def drop(self, topic: Topic) -> None:
        """Nothing that was heard of it counts any more, also what an earlier collector has left behind."""
        for kept in (self._heard, self._received, self._trades, self._news, self._trade_numbers):
            kept.pop(topic, None)
        self._over.add(topic)

    def take_over(self) -> set[Topic]:
        """Topics of which the last word is to be forgotten, before what is new is written."""
        over, self._over = self._over, set()
        return over

    def take(self) -> dict[Topic, State]:
        """What is new since the last time, numbered."""
        news, self._news = list(self._news), {}
        return {topic: self._state(topic) for topic in news}

    def put_back(self, over: set[Topic], news: dict[Topic, State]) -> None:
        """Nobody got to know it."""
        self._over |= over
        self._news |= dict.fromkeys(topic for topic in news if topic in self._heard)

    @property
    def life(self) -> Life:
        return Life(self._life.heard_ms, self._life.venue_ms, self.is_connected)

    def _state(self, topic: Topic) -> State:
        heard, received = self._heard[topic], self._received[topic]
        if topic.channel != TRADES:
            return State(heard.at_ms, next(self._numbers), received, heard.data)
        rows = list(self._trades[topic])
        return State(heard.at_ms, self._trade_numbers[topic], received, rows)

    def _number(self, topic: Topic, heard: Heard, now_ms: int) -> None:
        """From the time on, which lies above what an earlier subscription has counted."""
        kept = self._trades.setdefault(topic, deque(maxlen=TRADES_KEPT))
        number = self._trade_numbers.get(topic, now_ms)
        kept.extend(heard.data)
        self._trade_numbers[topic] = number + len(heard.data)
