"""Random users, prices, faults, kills and restarts in any order: the invariants hold after every step.

`MODEL_EXAMPLES` and `MODEL_STEPS` make it search deeper than a test run has time for, `MODEL_WORLD` names the venue.
"""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import connections
from django.utils import timezone
from hypothesis import HealthCheck, Phase
from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bots.models import Bot
from bots.services import bot_close_positions, bot_pause, bot_start, bot_stop
from exchanges import listings, registry
from exchanges.errors import DomainError, ExchangeError
from trading import crash_points
from trading.core.order_state import UNSETTLED
from trading.kill_switch.actions import kill_switch
from trading.models import Difference, DifferenceStatus, Order, Scope, Trade, TradeStatus, TradingState
from trading.reconciliation.choices import Choice, choices_of, difference_settle
from trading.reconciliation.rounds import account_reconcile
from trading.tests.matrix.faults import OF_PAPER, OF_VENUES, Killed
from trading.tests.matrix.invariants import Broken, invariants_hold
from trading.tests.matrix.worlds import PAPER, World, world

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "6"))
STEPS = int(os.environ.get("MODEL_STEPS", "20"))
VENUE = os.environ.get("MODEL_WORLD", PAPER)
FAULTS = {fault.name: fault for fault in (OF_PAPER if VENUE == PAPER else OF_VENUES)}
TOUCHING = sorted(name for name, fault in FAULTS.items() if fault.touched or fault.told)
PASSING = sorted(set(FAULTS) - set(TOUCHING))
POINTS = (
    "after_plan",
    "before_submit",
    "after_submit",
    "between_legs",
    "after_send",
    "after_answer",
    "after_answer_commit",
    "after_settle",
    "before_book",
    "before_commit",
    "after_book",
)
REFUSALS = (DomainError, ExchangeError, ValidationError)
"""What a user may be answered; nothing is done then."""
PATIENCE_S = 20.0


class PairMachine(RuleBasedStateMachine):
    """One bot, its venue, its user, and everything that may happen to them."""

    @initialize()
    def begin(self) -> None:
        self.stack = ExitStack()
        self.world: World = self.stack.enter_context(world(VENUE))
        self.touched = False
        self.keys = 0

    # --- the market and the worker ---

    @rule(percent=st.sampled_from(["-4", "-2.5", "-1.5", "0", "0.5", "1.5", "2.2", "3.5", "5"]))
    def price(self, percent: str) -> None:
        self.world.move(percent)

    @rule()
    def look(self) -> None:
        self.world.look()

    @rule(minutes=st.sampled_from([2, 20]))
    def time_passes(self, minutes: int) -> None:
        """Entries that were given up are tried again."""
        Bot.objects.filter(pk=self.bot.pk).update(entries_wait_until=timezone.now() - timedelta(minutes=minutes))
        self.world.look()

    @rule(point=st.sampled_from(POINTS), passing=st.integers(1, 2))
    def killed(self, point: str, passing: int) -> None:
        """The process dies at that instant of a look; the next look is another process's."""
        left = {"passings": passing}

        def here(name: str) -> None:
            left["passings"] -= name == point
            if name == point and not left["passings"]:
                raise Killed

        self._look_with(here)

    @rule(point=st.sampled_from(["after_plan", "before_submit", "after_submit", "after_answer"]))
    def frozen(self, point: str) -> None:
        """The worker sleeps at that instant until its lease has run out."""

        def here(name: str) -> None:
            if name == point:
                Bot.objects.filter(pk=self.bot.pk).update(lease_until=timezone.now() - timedelta(seconds=1))

        self._look_with(here)

    @rule()
    def restart(self) -> None:
        """Every process anew: nothing is remembered but what is in the database and at the venue."""
        registry.close_all()
        listings.forget()
        cache.clear()
        for one in connections.all(initialized_only=True):
            one.close()

    # --- the venue ---

    @rule(name=st.sampled_from(PASSING))
    def fault(self, name: str) -> None:
        FAULTS[name].strike(self.world)

    @rule()
    def calm(self) -> None:
        self.world.calm()

    @precondition(lambda self: not self.touched and not self.bot.is_flat)
    @rule(name=st.sampled_from(TOUCHING))
    def outside(self, name: str) -> None:
        """Somebody else, or the venue itself, closes a leg."""
        if self.world.held():
            FAULTS[name].strike(self.world)
            self.touched = True

    @rule()
    def reconcile(self) -> None:
        account_reconcile(self.world.account, timezone.now(), thorough=True)

    # --- the user ---

    @rule()
    def start(self) -> None:
        self._may_refuse(lambda: bot_start(actor=self.bot.owner, bot=self.bot, now=timezone.now()))

    @rule()
    def pause(self) -> None:
        self._may_refuse(lambda: bot_pause(actor=self.bot.owner, bot=self.bot, now=timezone.now()))

    @rule()
    def stop(self) -> None:
        self._may_refuse(lambda: bot_stop(actor=self.bot.owner, bot=self.bot, now=timezone.now()))

    @rule(stop=st.booleans(), again=st.booleans())
    def close(self, stop: bool, again: bool) -> None:
        """Twice with one key is one wish."""
        self.keys += not again
        ask: dict[str, Any] = {
            "actor": self.bot.owner,
            "bot": self.bot,
            "idempotency_key": f"close {self.keys}",
            "stop": stop,
        }
        self._may_refuse(lambda: bot_close_positions(now=timezone.now(), **ask))

    @rule(state=st.sampled_from(list(TradingState)), flatten=st.booleans())
    def switch(self, state: TradingState, flatten: bool) -> None:
        self._switch(state, flatten=flatten and state == TradingState.HALTED)

    @precondition(lambda self: self.touched)
    @rule()
    def adopt(self) -> None:
        self._decide_on_differences()

    # --- what must hold ---

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "world"):
            invariants_hold(self.bot, self.world, settled=False, touched=self.touched)

    @rule()
    def settled(self) -> None:
        """The venue behaves and ticks go on: in the end everything agrees."""
        self.world.calm()
        self._settle()
        invariants_hold(self.bot, self.world, touched=self.touched)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self.settled()
        finally:
            self.stack.close()

    # --- inside ---

    @property
    def bot(self) -> Bot:
        return self.world.bot

    def _look_with(self, here: Callable[[str], None]) -> None:
        before = crash_points.here
        crash_points.here = here  # type: ignore[assignment]
        try:
            self.world.look()
        except Killed:
            Bot.objects.filter(pk=self.bot.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
            self.bot.refresh_from_db()
        finally:
            crash_points.here = before

    def _may_refuse(self, act: Callable[[], object]) -> None:
        self.bot.refresh_from_db()
        try:
            act()
        except REFUSALS:
            self.bot.refresh_from_db()

    def _switch(self, state: TradingState, *, flatten: bool) -> None:
        kill_switch(
            actor=self.bot.owner, scope=Scope.BOT, target=self.bot, state=state, flatten=flatten, now=timezone.now()
        )

    def _decide_on_differences(self) -> None:
        """What a person would do: look at each, adopt or close it; then the bot carries it out."""
        for _ in range(2):
            account_reconcile(self.world.account, timezone.now(), thorough=True)
        for difference in Difference.objects.filter(account=self.world.account, status=DifferenceStatus.OPEN):
            wanted = [choice for choice in (Choice.ADOPT, Choice.CLOSE) if choice in choices_of(difference)]
            for choice in wanted[:1]:
                self._may_refuse(partial(self._choose, difference, choice))

    def _choose(self, difference: Difference, choice: Choice) -> None:
        difference_settle(actor=self.bot.owner, difference=difference, choice=choice, note="", now=timezone.now())

    def _settle(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            self.world.look()
            if not self._is_under_way():
                return
            if time.monotonic() > deadline:
                raise Broken(f"invariant 4: under way after {PATIENCE_S:g} s, {self.bot.status}")

    def _is_under_way(self) -> bool:
        working = Trade.objects.filter(bot=self.bot, status=TradeStatus.WORKING).exists()
        return working or Order.objects.filter(bot=self.bot, status__in=UNSETTLED).exists()


def test_whatever_happens_in_whatever_order() -> None:
    run_state_machine_as_test(
        PairMachine,
        settings=profile(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            derandomize="MODEL_EXAMPLES" not in os.environ,
            database=None,
            deadline=None,
            phases=(Phase.explicit, Phase.generate, Phase.shrink)
            if EXAMPLES > 20
            else (Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )
