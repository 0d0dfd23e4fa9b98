"""The kill switch closes everything at once, whatever else is broken, and never twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone

from bots import leases
from bots.models import Bot, BotStatus, Intent, IntentStatus
from bots.tests.factories import make_user
from exchanges import registry
from exchanges.tests.series import CHZ, GALA
from exchanges.tests.wire.accounts import serving
from trading import crash_points, ledger, plans
from trading.core.order_state import UNSETTLED
from trading.engine import run_tick
from trading.kill_switch.actions import kill_switch
from trading.kill_switch.flatten import bots_to_flatten, flatten_run
from trading.kill_switch.volley import volley
from trading.models import Order, Purpose, Scope, Trade, TradeStatus, TradingState
from trading.tests.books import check_books, check_legs_equal
from trading.tests.live_bots import opened
from trading.tests.safety.made import codes, holdings, look, opened_bot, rehearse, simulated_bot

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

HALTED = TradingState.HALTED


def killed(*bots: Bot) -> list[int]:
    """Halted, and asked to close."""
    ids: list[int] = []
    for bot in bots:
        switched = kill_switch(
            actor=bot.owner, scope=Scope.BOT, target=bot, state=HALTED, flatten=True, now=timezone.now()
        )
        ids += switched.bots
    return ids


def flattened(ids: list[int], **fields: Any) -> Any:
    return flatten_run(ids, now=timezone.now, **({"patience_s": 5.0} | fields))


def check_flat(bot: Bot) -> None:
    bot.refresh_from_db()
    assert (bot.level, bot.status, holdings(bot)) == (0, BotStatus.STOPPED, {})
    assert not Order.objects.filter(bot=bot, status__in=UNSETTLED).exists()
    assert not bot.intents.filter(status=IntentStatus.WAITING).exists()
    check_books(bot)


def check_closed_once(bot: Bot) -> None:
    """Two orders, one for each leg."""
    assert Order.objects.filter(bot=bot, purpose=Purpose.CLOSE).count() == 2
    assert Trade.objects.get(bot=bot, action="close").reason == "kill_switch"


@pytest.fixture
def _no_redis(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": settings.REDIS_URL}}


def _broken(*args: Any, **kwargs: Any) -> Any:
    raise ArithmeticError("P&L is broken")


@pytest.mark.usefixtures("_no_redis")
def test_many_pairs_without_redis_quotes_or_profit(monkeypatch: Any) -> None:
    bots = [opened_bot() for _ in range(4)]
    for name in ("engine.decide_exit_only", "engine.core_state", "showing.net_pnl", "engine.market_view"):
        monkeypatch.setattr(f"trading.{name}", _broken)
    done = flattened(killed(*bots))
    assert (sorted(done.flat), done.left) == ([bot.pk for bot in bots], ())
    for bot in bots:
        check_flat(bot)
        check_closed_once(bot)
    assert set(Order.objects.filter(purpose=Purpose.CLOSE).values_list("order_type", flat=True)) == {"market"}


def test_run_twice_it_sends_nothing_twice() -> None:
    bot = opened_bot()
    ids = killed(bot)
    assert killed(bot) == ids
    assert Intent.objects.filter(bot=bot).count() == 1
    flattened(ids)
    flattened(ids)
    check_flat(bot)
    check_closed_once(bot)
    assert bots_to_flatten() == []


def test_two_at_the_same_bot_do_not_disturb_each_other() -> None:
    bot = opened_bot()
    ids = killed(bot)
    other = leases.take(bot.pk, holder="flatten:elsewhere", spares="flatten:")
    assert other is not None
    assert flattened(ids, patience_s=0.0).left == tuple(ids)
    leases.release(other)
    flattened(ids)
    check_flat(bot)
    check_closed_once(bot)


def test_a_worker_that_holds_the_bot_loses_it() -> None:
    bot = opened_bot()
    ids = killed(bot)
    worker = leases.claim(bot.pk, holder="worker")
    assert worker is not None
    flattened(ids)
    check_flat(bot)
    with pytest.raises(leases.LeaseLost):
        leases.renew(worker)


@pytest.mark.parametrize("point", ["before_submit", "after_submit", "after_answer", "after_answer_commit"])
def test_killed_at_any_step_and_run_again_it_sends_nothing_twice(point: str, settings: Any, monkeypatch: Any) -> None:
    bot = opened_bot()
    ids = killed(bot)
    settings.ORDER_SEND_BY_S, settings.ORDER_PROOF_S, settings.BOT_LEASE_S = 0.15, 0.05, 3.0

    def die(here: str) -> None:
        if here == point:
            raise KeyboardInterrupt

    monkeypatch.setattr(crash_points, "here", die)
    with pytest.raises(KeyboardInterrupt):
        flattened(ids, patience_s=0.0)
    monkeypatch.undo()
    assert flattened(ids, patience_s=30.0).left == ()
    check_flat(bot)
    sent = Order.objects.filter(bot=bot, purpose=Purpose.CLOSE).exclude(status="denied")
    assert sent.count() == 2


@pytest.mark.parametrize("fault", ["timeout_after", "timeout_before", "reject", "not_found"])
@pytest.mark.parametrize("symbol", [GALA, CHZ])
def test_a_venue_that_misbehaves_is_closed_all_the_same(fault: str, symbol: str, settings: Any) -> None:
    bot = opened_bot()
    settings.ORDER_SEND_BY_S, settings.ORDER_PROOF_S = 0.15, 0.05
    faults = [{"fault": fault, "symbol": symbol, "next": 1}]
    if fault == "not_found":  # nobody asks for an order whose answer came
        faults = [{**faults[0], "seconds": 0.1}, {**faults[0], "fault": "timeout_after"}]
    rehearse(bot, *faults)
    assert flattened(killed(bot)).left == ()
    check_flat(bot)


def test_an_entry_under_way_is_called_back_first() -> None:
    bot = simulated_bot(order_type_open="limit")
    rehearse(bot, {"fault": "slow", "steps": 1000})
    look(bot)
    assert Order.objects.filter(bot=bot, status__in=UNSETTLED).count() == 2
    flattened(killed(bot))
    check_flat(bot)
    check_legs_equal(bot)


def test_a_close_that_rests_is_hurried() -> None:
    bot = opened_bot(order_type_close="limit", profit_mode="regression")
    rehearse(bot, {"fault": "slow", "steps": 1000, "symbol": CHZ, "next": 1})
    Bot.objects.filter(pk=bot.pk).update(profit_ratio=-500)
    look(bot)
    assert Trade.objects.filter(bot=bot, status=TradeStatus.WORKING, action="close").exists()
    flattened(killed(bot))
    check_flat(bot)


def test_the_bots_own_tick_does_it_too() -> None:
    bot = opened_bot()
    killed(bot)
    look(bot)
    check_flat(bot)
    check_closed_once(bot)
    assert "flatten_requested" in codes(bot)


def test_an_entry_of_the_same_moment_is_not_sent(monkeypatch: Any) -> None:
    """An old worker that decided before the switch, and comes to send after it."""
    bot = simulated_bot()
    original = ledger.orders_submit

    def late(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.undo()
        killed(bot)
        return original(*args, **kwargs)

    monkeypatch.setattr(ledger, "orders_submit", late)
    run_tick(bot.pk, timezone.now())
    assert holdings(bot) == {}
    flattened(bots_to_flatten())
    check_flat(bot)


def test_one_that_cannot_be_planned_for_keeps_nobody(monkeypatch: Any) -> None:
    bots = [opened_bot() for _ in range(3)]
    planned = plans.exit_plan

    def broken(tick: Any, *args: Any, **kwargs: Any) -> Any:
        if tick.bot.pk == bots[1].pk:
            raise ArithmeticError("no price")
        return planned(tick, *args, **kwargs)

    monkeypatch.setattr("trading.kill_switch.volley.exit_plan", broken)
    monkeypatch.setattr("trading.kill_switch.flatten.exit_plan", broken)
    done = flattened(killed(*bots), patience_s=30.0)
    assert (sorted(done.flat), done.left) == ([bot.pk for bot in bots], ())  # its own look has another way
    for bot in bots:
        check_flat(bot)
        check_closed_once(bot)


def test_a_bot_whose_row_is_locked_keeps_nobody() -> None:
    bots = [opened_bot() for _ in range(2)]
    ids = killed(*bots)
    other = connections["default"].copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT 1 FROM bot_instances WHERE id = %s FOR UPDATE", [ids[0]])
            taken = leases.take_all(ids, holder="flatten:x", spares="flatten:")
    finally:
        other.rollback()
        other.close()
    assert list(taken) == [ids[1]]


def test_others_are_left_alone() -> None:
    user = make_user()
    mine, theirs = opened_bot(user), opened_bot()
    switched = kill_switch(actor=user, scope=Scope.USER, target=user, state=HALTED, flatten=True, now=timezone.now())
    assert switched.bots == (mine.pk,)
    flattened(bots_to_flatten())
    check_flat(mine)
    theirs.refresh_from_db()
    assert theirs.level == 1


def test_the_commands_ask_first(monkeypatch: Any) -> None:
    bot = opened_bot()
    monkeypatch.setattr("builtins.input", lambda: "no")
    for command in (["flatten", "--all"], ["kill_switch", "halted", "--bot", str(bot.pk), "--flatten"]):
        with pytest.raises(CommandError):
            call_command(*command, stdout=StringIO())
    assert not bot.intents.exists()
    monkeypatch.setattr("builtins.input", lambda: "yes")
    call_command("flatten", "--account", str(bot.exchange_account.pk), stdout=StringIO())
    check_flat(bot)
    call_command("kill_switch", "reducing", "--all", "--yes", "--flatten", stdout=StringIO())


def test_an_order_goes_out_only_inside_its_lease() -> None:
    bot = opened_bot()
    lease = leases.claim(bot.pk, holder="frozen for a minute")
    assert lease is not None
    Bot.objects.filter(pk=bot.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    order = Order.objects.filter(bot=bot).first()
    assert order is not None
    with pytest.raises(leases.LeaseLost):
        ledger.orders_submit(lease, [order])


def test_threads_that_load_bots_keep_no_connection(settings: Any) -> None:
    """As of accounts whose keys this process has not read yet."""
    settings.QUOTE_CACHE_TTL = 0.0
    with serving("okx", settings) as server, ThreadPoolExecutor(1) as pool:
        ids = killed(opened(server))
        registry.close_all()
        fired = volley(ids, timezone.now(), holder="here", spares="", pool=pool)
        assert len(fired.begun) == 1
        assert pool.submit(connected).result() == []
        for answer in fired.begun[0].answers:
            answer.result()


def connected() -> list[str]:
    """To which databases this thread is connected."""
    return [one.alias for one in connections.all(initialized_only=True) if one.connection is not None]
