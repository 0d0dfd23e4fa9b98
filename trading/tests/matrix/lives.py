"""A case of the matrix: one fault at one step of one action. Three cases are one bot's life: open, add, close."""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import count, product
from secrets import token_hex
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connections
from django.utils import timezone

from bots.models import Bot, BotStatus
from bots.services import bot_start
from trading import crash_points
from trading.core.order_state import UNSETTLED
from trading.models import Difference, DifferenceStatus, Order, Purpose, Trade, TradeStatus
from trading.reconciliation.choices import Choice, choices_of, difference_settle
from trading.reconciliation.rounds import account_reconcile
from trading.tests.matrix.faults import Fault, Killed, faults_of
from trading.tests.matrix.invariants import Broken, invariants_hold
from trading.tests.matrix.worlds import WORLDS, World, world

STEPS: Final = {
    "before send": "after_submit",
    "after send": "after_send",
    "after the answer": "after_answer",
    "before commit": "before_commit",
    "after commit": "after_book",
}
"""Step of the specification: the instant of the code at which the fault strikes (`trading.crash_points`)."""
ACTIONS: Final = ("open", "add", "close")
PERCENT: Final = {1: "1.5", 2: "3.5"}
"""Where the first market has to stand for each level."""
PATIENCE_S: Final = 20.0
ROUNDS: Final = 2
CRASHES: Final = (Killed, DatabaseError, InterfaceError)


@dataclass(frozen=True, slots=True)
class Life:
    world: str
    fault: Fault
    step: str

    @property
    def name(self) -> str:
        return f"{self.world}: {self.fault.name}, {self.step}"


@dataclass(frozen=True, slots=True)
class Case:
    """`struck`: the action passed the step, so that the fault happened. `given_up`: an entry of which nothing is held
    is tried again minutes later. `error`: empty when all invariants held. Times in ms."""

    world: str
    fault: str
    step: str
    action: str
    struck: bool
    given_up: bool
    error: str
    naked_ms: int
    naked_value: str
    took_ms: int

    def row(self) -> dict[str, Any]:
        return asdict(self)


def all_lives() -> list[Life]:
    return [Life(name, fault, step) for name in WORLDS for fault, step in product(faults_of(name), STEPS)]


def live(life: Life) -> list[Case]:
    """The cases that were run: a life ends with the first that fails."""
    cases = []
    with world(life.world) as found:
        for action in ACTIONS:
            case = _case(life, found, action)
            cases.append(case)
            if case.error:
                break
    return cases


def _case(life: Life, found: World, action: str) -> Case:
    settings.REDIS_PREFIX = f"test{token_hex(6)}"  # minutes lie between two cases: the venue takes requests again
    first, begun = max(Trade.objects.values_list("pk", flat=True), default=0), time.monotonic()
    strike = _Strike(life, found)
    error, touched = "", False
    try:
        _make_due(found, action)
        with strike:
            _look(found)
        touched = life.fault.touched and strike.happened
        _settle(found, touched=touched or life.fault.lasts, told=life.fault.told)
        found.calm()
        _settle(found, touched=touched, told=life.fault.told)
        if life.fault.told or life.fault.lasts:
            _reconciled(found)
        invariants_hold(found.bot, found, touched=touched)
        if touched:
            _decided(found)
            invariants_hold(found.bot, found)
        _look_again_changes_nothing(found, touched=touched)
    except Broken as broken:
        error = str(broken)
    trades = Trade.objects.filter(bot=found.bot, pk__gt=first)
    if not error and not touched:
        error = _not_done(found, action)
    naked = max(trades.values_list("naked_ms", "naked_value"), default=(0, 0))
    return Case(
        world=life.world,
        fault=life.fault.name,
        step=life.step,
        action=action,
        struck=strike.happened,
        given_up=trades.filter(status=TradeStatus.FAILED, action__in=(Purpose.OPEN, Purpose.ADD)).exists(),
        error=error,
        naked_ms=naked[0],
        naked_value=f"{naked[1]:f}" if naked[1] else "0",
        took_ms=round((time.monotonic() - begun) * 1000),
    )


class _Strike:
    """Lets the fault happen when the bot passes the step for the first time."""

    def __init__(self, life: Life, found: World) -> None:
        self._point, self._fault, self._found = STEPS[life.step], life.fault, found
        self.happened = False

    def __enter__(self) -> "_Strike":
        self._here = crash_points.here
        crash_points.here = self._pass  # type: ignore[assignment]
        return self

    def __exit__(self, *args: object) -> None:
        crash_points.here = self._here

    def _pass(self, name: str) -> None:
        if name == self._point and not self.happened:
            self.happened = True
            self._fault.strike(self._found)


def _make_due(found: World, action: str) -> None:
    """What the action needs is there: a bot that gave up an entry has waited, one that paused is started again."""
    bot, wanted = found.bot, ACTIONS.index(action)
    if bot.status != BotStatus.RUNNING:
        if bot.is_flat:
            found.move("0")
        found.bot = bot = bot_start(actor=bot.owner, bot=bot, now=timezone.now(), reset_reference=bot.is_flat)
    for level in range(bot.level + 1, min(wanted, 1) + 1):
        _waited(bot)
        found.move(PERCENT[level])
        _look(found)
        _settle(found)
        if bot.level != level:
            raise Broken(f"without a fault level {level} is not reached")
    _waited(bot)
    if action == "close":
        found.ask_to_close(f"close {bot.current_cycle}")
    else:
        found.move(PERCENT[wanted + 1])


def _waited(bot: Bot) -> None:
    Bot.objects.filter(pk=bot.pk).update(entry_failures=0, entries_wait_until=None)
    bot.refresh_from_db()


def _look(found: World) -> None:
    """One look of a worker; where it dies or loses its database, its lease runs out and its connections are gone."""
    try:
        found.look()
    except CRASHES:
        _bury(found)


def _bury(found: World) -> None:
    """Another process comes: connections of its own, and the lease of the dead one has run out."""
    for one in connections.all(initialized_only=True):
        one.close()
        one.close_pool()  # type: ignore[attr-defined]
    Bot.objects.filter(pk=found.bot.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    found.bot.refresh_from_db()


def _settle(found: World, *, touched: bool = False, told: bool = False) -> None:
    """As often as ticks, and where the venue did something by itself rounds of reconciliation, would look; a few times
    only while a person has to decide."""
    deadline = time.monotonic() + PATIENCE_S
    for done in count(1):
        _look(found)
        if touched or told:
            account_reconcile(found.account, timezone.now(), thorough=done <= ROUNDS)
        if done >= (ROUNDS if touched else 1) and (touched or not _is_under_way(found.bot)):
            return
        if time.monotonic() > deadline:
            raise Broken(f"invariant 4: under way after {PATIENCE_S:g} s: {_what_is_under_way(found.bot)}")


def _reconciled(found: World) -> None:
    """What is seen once is looked at again, and what was booked may leave a leg to close."""
    for _ in range(ROUNDS):
        account_reconcile(found.account, timezone.now(), thorough=True)
        _look(found)
        _settle(found)


def _decided(found: World) -> None:
    """A person takes what the venue says over, and the bots carry it out."""
    for difference in Difference.objects.filter(account=found.account, status=DifferenceStatus.OPEN):
        for choice in [one for one in choices_of(difference) if one != Choice.IGNORE][:1]:
            difference_settle(actor=found.bot.owner, difference=difference, choice=choice, note="", now=timezone.now())
    _reconciled(found)


def _is_under_way(bot: Bot) -> bool:
    working = Trade.objects.filter(bot=bot, status=TradeStatus.WORKING).exists()
    return working or Order.objects.filter(bot=bot, status__in=UNSETTLED).exists()


def _what_is_under_way(bot: Bot) -> str:
    rows = Order.objects.filter(bot=bot, status__in=UNSETTLED).values_list("symbol", "status", "purpose")
    return f"{bot.status} {bot.status_reason} {list(rows)}"


def _look_again_changes_nothing(found: World, *, touched: bool) -> None:
    """6: what is settled stays as it is, however often it is looked at."""
    if touched or found.bot.entry_failures:
        return
    before = _stand(found)
    _look(found)
    if before != _stand(found):
        raise Broken("invariant 6: a look at a settled bot changed it")


def _stand(found: World) -> tuple[Any, ...]:
    orders = Order.objects.filter(bot=found.bot).count()
    return orders, found.bot.level, found.bot.current_cycle, found.bot.total_profit, found.held(), found.wallet()


def _not_done(found: World, action: str) -> str:
    """A close must have closed; an entry is done, or given up with entries waiting or the bot in error or paused."""
    bot = found.bot
    if action == "close":
        return "" if bot.is_flat else f"invariant 8: not closed: {bot.status} {bot.status_reason}"
    wanted = 1 if action == "open" else 2
    waits = bot.entry_failures or bot.status != BotStatus.RUNNING or bot.level < wanted
    return "" if bot.level == wanted or waits else f"level {bot.level}"


def iterate(lives: list[Life], *, until: float) -> Iterator[list[Case]]:
    """Cases life by life, for as long as there is time (monotonic seconds)."""
    for life in lives:
        if time.monotonic() > until:
            return
        yield live(life)
