"""From a reached trigger to both legs' orders: what is asked on the way, and that the legs leave together."""

import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from bots import leases
from bots.leases import Lease
from bots.tests.factories import make_bot
from exchanges import margin
from exchanges.adapters.base import Balance
from exchanges.adapters.departure import Departure, leave, leaving
from exchanges.tests.wire.accounts import SERVERS, serving
from exchanges.tests.wire.server import Reply, Request, WireServer
from trading import tick as ticks
from trading.closing import positions_of
from trading.core.order_state import OrderStatus
from trading.kill_switch.switches import Scope, TradingState, strictest_of, switch_set
from trading.models import CloseReason, Order, Position, RiskLimits
from trading.plans import exit_plan
from trading.reconciliation.evidence import evidence_of
from trading.risk.limits import limits_of
from trading.sending import orders_send
from trading.tests.live_bots import check_books, look, look_until_settled, moved, started
from trading.tests.safety.made import opened_bot
from trading.trades import trade_begin

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

D = Decimal
WAIT_S = 10.0
STATEMENTS = 14
"""Before the orders leave: the lease, the bot, its positions, limits, two short transactions."""


@pytest.fixture(params=sorted(SERVERS))
def server(request: Any, settings: Any) -> Iterator[WireServer]:
    settings.QUOTE_CACHE_TTL = 0.0
    with serving(request.param, settings) as server:
        yield server


def watched(server: WireServer, monkeypatch: pytest.MonkeyPatch, seen: Callable[[Request], None]) -> None:
    answer = server.answer

    def seen_first(request: Request) -> Reply:
        seen(request)
        return answer(request)

    monkeypatch.setattr(server, "answer", seen_first)


def is_order(server: WireServer, request: Request) -> bool:
    return request.method == "POST" and server.order_path in request.path


def test_what_is_known_is_not_asked_again_before_an_order(server: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first entry asks; the second one knows clock, markets, fees and what is free, and needs few statements."""
    bot = started(server)
    moved(server, "1.5")
    look_until_settled(bot)
    look(bot)  # reads funding, as it does every few hours
    moved(server, "3.5")
    statements: list[int] = []
    asked: list[str] = []
    done = 0

    def count(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        nonlocal done
        done += 1
        return execute(sql, params, many, context)

    def seen(request: Request) -> None:
        if is_order(server, request):
            statements.append(done)
        elif not statements:
            asked.append(request.path)

    watched(server, monkeypatch, seen)
    with connection.execute_wrapper(count):
        look(bot)
    assert len(statements) == 2
    assert statements[0] <= STATEMENTS
    assert [path for path in asked if "tick" not in path and "depth" not in path and "book" not in path] == []
    look_until_settled(bot)
    assert bot.level == 2
    check_books(bot, server)


def test_both_legs_are_on_their_way_before_either_is_answered(
    server: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = started(server)
    both = threading.Barrier(2)

    def seen(request: Request) -> None:
        if is_order(server, request):
            both.wait(WAIT_S)

    watched(server, monkeypatch, seen)
    moved(server, "1.5")
    look_until_settled(bot)
    assert not both.broken
    check_books(bot, server)


def fails() -> None:
    raise ValueError("not shown")


def test_whatever_fails_for_people_the_answers_are_booked() -> None:
    bot = opened_bot()
    lease = leases.claim(bot.pk, holder="test")
    assert lease is not None
    tick = ticks.tick_load(lease, timezone.now())
    plan = exit_plan(tick, CloseReason.MANUAL, None, positions_of(tick.bot))
    begun = trade_begin(lease, plan, seen=tick.bot, market_time=tick.market_time, candle_at=None)
    assert begun is not None
    tick.later = fails
    with pytest.raises(ValueError, match="not shown"):
        orders_send(tick, begun[1])
    assert {order.status for order in Order.objects.filter(trade=begun[0])} == {OrderStatus.CLOSED}
    assert not Position.objects.filter(bot=bot, is_open=True).exists()


def test_an_account_is_asked_for_everything_at_once(server: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    bot = started(server)
    venue = ticks.venue_of(bot.exchange_account)
    asked = threading.Barrier(3)
    late: list[str] = []

    def seen(request: Request) -> None:
        if request.path not in late and len(late) < 3:
            late.append(request.path)
            asked.wait(WAIT_S)

    watched(server, monkeypatch, seen)
    assert evidence_of(venue).balance.total == D(10_000)
    assert not asked.broken


def test_an_order_that_never_leaves_keeps_no_other() -> None:
    departure, left = Departure(2), threading.Event()

    def go() -> None:
        departure.ready()
        departure.wait()
        left.set()

    with leaving(go):
        waiting = threading.Thread(target=go)
        waiting.start()
        departure.ready()  # of the one that was refused before it was signed
        assert left.wait(WAIT_S)
        waiting.join()
    leave()  # outside of it nothing is waited for


class _Asked:
    """A venue that tells what is free."""

    is_paper = False

    def __init__(self) -> None:
        self.free, self.asked = D(100), 0

    def balance(self) -> Balance:
        self.asked += 1
        return Balance("USDT", self.free, self.free, self.free)


def test_a_reading_counts_while_it_leaves_plenty_and_nothing_was_sent() -> None:
    cache.delete_many(["margin:7", "margin-orders:7"])
    venue: Any = _Asked()
    assert not margin.is_plenty(7, D(1))
    assert margin.free_now(venue, 7) == 100
    assert [margin.is_plenty(7, D(needed)) for needed in (50, 51)] == [True, False]
    before = margin.reading_begin(7)
    margin.orders_sent(7)
    assert not margin.is_plenty(7, D(1))
    margin.reading_keep(before, venue.balance())  # begun before the order: it may not know of it
    assert not margin.is_plenty(7, D(1))
    margin.free_now(venue, 7)
    assert margin.is_plenty(7, D(1))


def test_ready_queries_tell_what_built_ones_tell() -> None:
    bot = make_bot()
    for row in (bot, make_bot(account=bot.exchange_account)):
        built = ticks._bots().get(pk=row.pk)
        (ready,) = ticks._ONE.rows(row.pk)
        assert _told(ready) == _told(built)
        assert _told(ready.exchange_account) == _told(built.exchange_account)
        assert ready.exchange_account2 is None
    assert ticks._ONE.rows(None) == []
    assert strictest_of(bot) is None
    account, now = bot.exchange_account, bot.created_at
    switch_set(actor=None, scope=Scope.ACCOUNT, state=TradingState.REDUCING, now=now, account=account)
    switch_set(actor=None, scope=Scope.BOT, state=TradingState.HALTED, now=bot.created_at, bot=bot)
    found = strictest_of(bot)
    assert found is not None
    assert (found.state, found.bot_id) == (TradingState.HALTED, bot.pk)
    assert ticks.tick_load(Lease(bot.pk, 0), bot.created_at).switch == TradingState.HALTED
    rows = [RiskLimits.objects.create(scope=scope, **target) for scope, target in _targets(bot)]
    assert {held.row.pk for held in limits_of(bot)} == {row.pk for row in rows}


def _targets(bot: Any) -> list[tuple[Scope, dict[str, Any]]]:
    return [
        (Scope.INSTALLATION, {}),
        (Scope.USER, {"owner": bot.owner}),
        (Scope.ACCOUNT, {"account": bot.exchange_account}),
        (Scope.BOT, {"bot": bot}),
    ]


def _told(row: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(row).items() if name != "_state"}
