"""The kill switch: which of several counts, who may turn it, and what it lets out."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.models import AuditEntry, Role
from bots.models import Bot, BotStatus
from bots.services import bot_close_positions
from bots.tests.factories import make_user, make_viewer
from exchanges.errors import DomainError
from exchanges.registry import venue_of
from exchanges.tests.series import CHZ, GALA
from trading.kill_switch.switches import (
    forbids,
    lets_out,
    state_of,
    state_of_account,
    states_of,
    strictest_of,
    switch_set,
)
from trading.models import Order, Purpose, Scope, Trade, TradingState
from trading.tests.books import check_books, check_legs_equal
from trading.tests.safety.made import codes, holdings, look, opened_bot, rehearse, simulated_bot

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

ACTIVE, REDUCING, HALTED = TradingState.ACTIVE, TradingState.REDUCING, TradingState.HALTED


def turned(bot: Bot, state: TradingState, **fields: Any) -> Any:
    return switch_set(actor=None, scope=Scope.BOT, bot=bot, state=state, now=timezone.now(), **fields)


def test_the_strictest_of_all_that_apply_counts() -> None:
    bot, other = simulated_bot(), simulated_bot()
    account, now = bot.exchange_account, timezone.now()
    assert state_of(bot) == state_of_account(account) == ACTIVE
    switch_set(actor=None, scope=Scope.INSTALLATION, state=REDUCING, now=now)
    switch_set(actor=None, scope=Scope.USER, owner=bot.owner, state=ACTIVE, now=now)
    assert states_of([bot.pk, other.pk]) == {bot.pk: REDUCING, other.pk: REDUCING}
    switch_set(actor=None, scope=Scope.ACCOUNT, account=account, state=HALTED, now=now)
    assert (state_of(bot), state_of_account(account), state_of(other)) == (HALTED, HALTED, REDUCING)
    found = strictest_of(bot)
    assert found is not None
    assert found.scope == Scope.ACCOUNT
    switch_set(actor=None, scope=Scope.ACCOUNT, account=account, state=ACTIVE, now=now)
    switch_set(actor=None, scope=Scope.INSTALLATION, state=ACTIVE, now=now)
    turned(other, HALTED)
    assert states_of([bot.pk, other.pk]) == {bot.pk: ACTIVE, other.pk: HALTED}
    assert (state_of_account(other.exchange_account), strictest_of(bot)) == (ACTIVE, None)


def test_the_second_account_counts_too() -> None:
    bot = simulated_bot()
    second = simulated_bot(bot.owner).exchange_account
    Bot.objects.filter(pk=bot.pk).update(exchange_account2=second)
    bot.refresh_from_db()
    switch_set(actor=None, scope=Scope.ACCOUNT, account=second, state=HALTED, now=timezone.now())
    assert state_of(bot) == states_of([bot.pk])[bot.pk] == HALTED


def test_who_may_turn_it() -> None:
    bot, now = simulated_bot(), timezone.now()
    administrator = make_user(role=Role.ADMIN)
    for outsider in (make_user(), make_viewer()):
        for fields in ({"scope": Scope.BOT, "bot": bot}, {"scope": Scope.USER, "owner": bot.owner}):
            with pytest.raises(PermissionDenied):
                switch_set(actor=outsider, state=HALTED, now=now, **fields)  # type: ignore[arg-type]
    with pytest.raises(PermissionDenied):
        switch_set(actor=bot.owner, scope=Scope.INSTALLATION, state=HALTED, now=now)
    switch_set(actor=bot.owner, scope=Scope.BOT, bot=bot, state=HALTED, now=now)
    switch_set(actor=bot.owner, scope=Scope.BOT, bot=bot, state=ACTIVE, now=now)
    switch_set(actor=administrator, scope=Scope.BOT, bot=bot, state=REDUCING, now=now)
    switch_set(actor=bot.owner, scope=Scope.BOT, bot=bot, state=HALTED, now=now)  # stricter: that is his to say
    switch_set(actor=administrator, scope=Scope.BOT, bot=bot, state=HALTED, now=now, reason="audit")
    with pytest.raises(DomainError):
        switch_set(actor=bot.owner, scope=Scope.BOT, bot=bot, state=REDUCING, now=now)
    switch_set(actor=administrator, scope=Scope.INSTALLATION, state=HALTED, now=now)
    assert AuditEntry.objects.filter(action="kill_switch.set").count() == 6


def test_a_switch_names_its_own_target_alone() -> None:
    bot = simulated_bot()
    with pytest.raises(ValueError, match="names"):
        switch_set(actor=None, scope=Scope.USER, bot=bot, state=HALTED, now=timezone.now())


@pytest.mark.parametrize(
    ("state", "fields", "out"),
    [
        (ACTIVE, {"purpose": Purpose.OPEN, "reduce_only": False}, True),
        (REDUCING, {"purpose": Purpose.OPEN, "reduce_only": False}, False),
        (REDUCING, {"purpose": Purpose.CLOSE, "reduce_only": True, "reason": "take_profit"}, True),
        (REDUCING, {"purpose": Purpose.PROTECT, "reduce_only": True}, True),
        (HALTED, {"purpose": Purpose.ADD, "reduce_only": False, "is_begun": True}, False),
        (HALTED, {"purpose": Purpose.CLOSE, "reduce_only": True, "reason": "stop_loss"}, False),
        (HALTED, {"purpose": Purpose.CLOSE, "reduce_only": True, "reason": "stop_loss", "is_begun": True}, True),
        (HALTED, {"purpose": Purpose.CLOSE, "reduce_only": True, "reason": "manual"}, True),
        (HALTED, {"purpose": Purpose.CLOSE, "reduce_only": True, "reason": "kill_switch"}, True),
        (HALTED, {"purpose": Purpose.CLOSE, "reduce_only": True, "reason": "protection"}, True),
        (HALTED, {"purpose": Purpose.UNWIND, "reduce_only": True}, True),
        (HALTED, {"purpose": Purpose.PROTECT, "reduce_only": True}, False),
    ],
)
def test_what_goes_out(state: TradingState, fields: dict[str, Any], out: bool) -> None:
    assert lets_out(state, **fields) is out


def test_an_order_by_hand_that_reduces_always_goes_out() -> None:
    bot = simulated_bot()
    switch_set(actor=None, scope=Scope.ACCOUNT, account=bot.exchange_account, state=HALTED, now=timezone.now())
    assert forbids(bot.exchange_account, reduce_only=True) is None
    assert forbids(bot.exchange_account, reduce_only=False) is not None


@pytest.mark.parametrize("state", [REDUCING, HALTED])
def test_nothing_is_opened_and_it_is_said_once(state: TradingState) -> None:
    bot = simulated_bot()
    turned(bot, state)
    for _ in range(3):
        look(bot)
    assert not Trade.objects.filter(bot=bot).exists()
    assert codes(bot).count(f"switch_{state}") == 2  # by whoever turned it, and by the bot
    turned(bot, ACTIVE)
    look(bot)
    assert bot.level == 1


def test_a_switch_between_decision_and_order_denies_both_legs(monkeypatch: Any) -> None:
    bot = simulated_bot()
    venue = venue_of(bot.exchange_account)
    answer = venue.balance

    def slow_balance() -> Any:
        turned(bot, HALTED)
        return answer()

    monkeypatch.setattr(venue, "balance", slow_balance)
    look(bot)
    assert set(Order.objects.filter(bot=bot).values_list("status", "reason")) == {("denied", "halted_bot")}
    assert (bot.level, holdings(bot), Trade.objects.get(bot=bot).status) == (0, {}, "failed")


def test_take_profit_goes_on_while_reducing_and_waits_while_halted() -> None:
    bot = opened_bot(profit_mode="regression")
    turned(bot, HALTED)
    Bot.objects.filter(pk=bot.pk).update(profit_ratio=-500, updated_at=timezone.now())
    look(bot)
    assert bot.level == 1
    turned(bot, REDUCING)
    look(bot)
    assert (bot.level, holdings(bot)) == (0, {})
    check_books(bot)


def test_a_person_closes_though_everything_is_halted() -> None:
    bot = opened_bot()
    switch_set(actor=None, scope=Scope.INSTALLATION, state=HALTED, now=timezone.now())
    bot_close_positions(actor=bot.owner, bot=bot, now=timezone.now())
    look(bot)
    assert (bot.level, holdings(bot), bot.status) == (0, {}, BotStatus.PAUSED)
    check_books(bot)


@pytest.mark.parametrize("state", [REDUCING, HALTED])
@pytest.mark.parametrize("symbol", [GALA, CHZ])
def test_a_leg_that_stood_alone_is_evened_out_and_not_completed(state: TradingState, symbol: str) -> None:
    bot = simulated_bot(order_type_open="limit")
    rehearse(bot, {"fault": "slow", "steps": 1000, "symbol": symbol})
    look(bot)
    assert list(holdings(bot)) in ([], [CHZ if symbol == GALA else GALA])
    turned(bot, state)
    look(bot)
    assert (bot.level, holdings(bot)) == (0, {})
    assert not Order.objects.filter(bot=bot, purpose=Purpose.OPEN).exclude(attempt=1).exists()
    check_books(bot)
    check_legs_equal(bot)


def test_a_close_of_the_strategys_that_rests_ends_when_it_is_halted(settings: Any) -> None:
    bot = opened_bot(order_type_close="limit", profit_mode="regression")
    rehearse(bot, {"fault": "slow", "steps": 1000})
    Bot.objects.filter(pk=bot.pk).update(profit_ratio=-500)
    look(bot)
    settings.LEG_TIMEOUT_LIMIT_S = -1.0
    turned(bot, HALTED)
    rehearse(bot)
    for _ in range(3):
        look(bot)
    assert (bot.level, len(holdings(bot))) == (1, 2)
    assert Order.objects.filter(bot=bot, status="denied").count() == 0
    assert not Trade.objects.filter(bot=bot, status="working").exists()
    turned(bot, ACTIVE)
    look(bot)
    assert (bot.level, holdings(bot)) == (0, {})
    check_books(bot)
