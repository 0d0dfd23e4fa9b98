"""What users ask for while the engine is at work, and what the engine owes them when a venue does not play along."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from bots.models import Bot, BotStatus
from bots.services import bot_close_positions, bot_create, bot_pause, bot_start, bot_stop, bot_update
from bots.tests.factories import ladder, make_user
from exchanges.adapters import paper_chaos
from exchanges.errors import Unavailable
from exchanges.paper_models import PaperOrder
from exchanges.registry import venue_of
from exchanges.tests.series import CHZ, GALA, candle_dir, replay_account, simulated_account, store_pair  # noqa: F401
from trading.core.order_state import UNSETTLED
from trading.engine import run_tick
from trading.models import LedgerLine, Order, Position, Trade, TradeLog, TradeStatus
from trading.tests.books import check_books, check_legs_equal, total
from trading.tests.replays import bot_data, play, started_bot
from trading.ticks import step_tape, tick_chunk

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

AT_ONCE = ladder((0.0001, 1.0))
LATER = timedelta(minutes=2)


def simulated_bot(user: User | None = None, **fields: Any) -> Bot:
    """Started, flat, and about to open on its first look."""
    user = user or make_user()
    values = {
        "start_time": timezone.now() - timedelta(days=2),
        "dca_config": AT_ONCE,
        "max_dca_times": 1,
        "profit_ratio": "500",
        "stop_loss_ratio": "0",
        "decide_on": "tick",
    } | fields
    account = simulated_account(user)
    bot = bot_create(actor=user, data=bot_data(account, **values), now=timezone.now())
    return bot_start(actor=user, bot=bot, now=timezone.now())


def look(bot: Bot, *, after: timedelta = timedelta(0)) -> None:
    run_tick(bot.pk, timezone.now() + after)
    bot.refresh_from_db()


def rehearse(bot: Bot, *faults: dict[str, Any]) -> None:
    venue_of(bot.exchange_account).rehearse(paper_chaos.parse({"faults": list(faults)}))  # type: ignore[attr-defined]


@pytest.mark.parametrize("act", [bot_stop, bot_pause])
def test_a_bot_stopped_between_decision_and_order_opens_nothing(act: Any, monkeypatch: Any) -> None:
    bot = simulated_bot()
    venue = venue_of(bot.exchange_account)
    answer = venue.balance

    def slow_balance() -> Any:
        act(actor=bot.owner, bot=Bot.objects.get(pk=bot.pk), now=timezone.now())
        return answer()

    monkeypatch.setattr(venue, "balance", slow_balance)
    look(bot)
    assert bot.status != BotStatus.RUNNING
    assert not Trade.objects.filter(bot=bot).exists()
    assert not venue.positions()


def test_a_close_that_was_never_sent_is_not_done(settings: Any) -> None:
    bot = simulated_bot()
    look(bot)
    assert bot.level == 1
    intent = bot_close_positions(actor=bot.owner, bot=bot, now=timezone.now(), stop=True)
    settings.ORDER_SEND_BY_S = -1
    look(bot)
    intent.refresh_from_db()
    assert (bot.level, bot.status, intent.status) == (1, "running", "waiting")
    look(bot)
    look(bot)
    assert (bot.status, bot.status_reason) == ("error", "close_stuck")
    settings.ORDER_SEND_BY_S = 2
    look(bot)
    intent.refresh_from_db()
    assert (bot.level, bot.status, intent.status) == (0, "stopped", "done")
    check_books(bot)


def test_a_close_asked_for_while_an_entry_rests_ends_the_entry_and_pauses() -> None:
    bot = simulated_bot(order_type_open="limit")
    rehearse(bot, {"fault": "slow", "steps": 1000})
    look(bot)
    assert Order.objects.filter(bot=bot, status__in=UNSETTLED).count() == 2
    intent = bot_close_positions(actor=bot.owner, bot=bot, now=timezone.now())
    look(bot)
    intent.refresh_from_db()
    assert (bot.level, bot.status, intent.status) == (0, "paused", "done")
    assert not Order.objects.filter(bot=bot, status__in=UNSETTLED).exists()


def test_a_stopped_bot_on_a_tape_still_closes_by_hand(candle_dir: Any) -> None:  # noqa: F811
    store_pair(40, seed=4)
    user = make_user()
    account = replay_account(user, lot_rounding=False)
    bot = started_bot(user, account, dca_config=AT_ONCE, max_dca_times=1, profit_ratio="500", stop_loss_ratio="0")
    for _ in range(200):
        step_tape(account, deadline=0, now=timezone.now)
        bot.refresh_from_db()
        if bot.level:
            break
    bot_stop(actor=user, bot=bot, now=timezone.now())
    intent = bot_close_positions(actor=user, bot=bot, now=timezone.now())
    for _ in range(4):
        step_tape(account, deadline=0, now=timezone.now)
    bot.refresh_from_db()
    intent.refresh_from_db()
    assert (bot.level, bot.status, intent.status) == (0, "stopped", "done")
    assert not bot.claims.exists()
    play(account)
    check_books(bot)


def test_a_leg_alone_while_the_other_is_in_doubt_is_an_error_in_time() -> None:
    bot = simulated_bot()
    rehearse(
        bot,
        {"fault": "timeout_after", "symbol": CHZ, "next": 1},
        {"fault": "not_found", "symbol": CHZ, "seconds": 30, "next": 1},
    )
    look(bot)
    assert bot.status == BotStatus.RUNNING
    look(bot, after=LATER)
    assert (bot.status, bot.status_reason) == ("error", "leg_stuck")
    PaperOrder.objects.update(hidden_until=None)
    for _ in range(2):
        look(bot)
    assert bot.level == 1
    check_books(bot)
    check_legs_equal(bot)


def test_a_leg_whose_quotes_fail_while_it_is_trimmed_is_trimmed_later(monkeypatch: Any) -> None:
    bot = simulated_bot()
    rehearse(bot, {"fault": "reject", "symbol": CHZ, "reduce_only": False})
    venue = venue_of(bot.exchange_account)
    answers = [venue.quotes]

    def failing(symbols: Any) -> Any:
        if not answers:
            raise Unavailable("no answer")
        return answers.pop()(symbols)

    monkeypatch.setattr(venue, "quotes", failing)
    look(bot)
    assert [position.symbol for position in venue.positions()] == [GALA]
    assert TradeLog.objects.filter(bot=bot, details__code="venue_unavailable").exists()
    look(bot, after=LATER)
    assert bot.status == BotStatus.ERROR
    monkeypatch.undo()
    look(bot)
    assert not venue.positions()
    assert Trade.objects.get(bot=bot).status == TradeStatus.FAILED
    check_books(bot)


def test_another_pair_after_a_failed_entry_books_under_its_own_name() -> None:
    bot = simulated_bot()
    rehearse(bot, {"fault": "reject", "symbol": CHZ, "reduce_only": False, "next": 3})
    look(bot)
    assert Position.objects.get(bot=bot).symbol == GALA
    bot_stop(actor=bot.owner, bot=bot, now=timezone.now())
    other = "SAND/USDT:USDT"
    bot = bot_update(actor=bot.owner, bot=bot, data={"market1_symbol": other}, now=timezone.now())
    bot = bot_start(actor=bot.owner, bot=bot, now=timezone.now())
    look(bot)
    assert bot.level == 1
    held = {(position.leg, position.symbol) for position in Position.objects.filter(bot=bot, is_open=True)}
    assert held == {(1, other), (2, CHZ)}
    check_books(bot)


def test_a_stopped_bot_gives_its_symbols_back_though_nobody_lived_to_do_it() -> None:
    bot = simulated_bot()
    Bot.objects.filter(pk=bot.pk).update(status=BotStatus.STOPPED)  # as a process leaves it that dies before the end
    assert bot.claims.count() == 2
    assert tick_chunk([bot.pk], timezone.now()) == []
    assert not bot.claims.exists()
    assert not bot.schedule.periodic_task.enabled


def test_two_accounts_open_and_close_one_pair() -> None:
    user = make_user()
    second = simulated_account(user, label="Second", seed=2)
    values = {"exchange_account2": second.pk, "dca_config": AT_ONCE, "max_dca_times": 1, "profit_ratio": "500"}
    bot = simulated_bot(user=user, **values)
    look(bot)
    assert [position.symbol for position in venue_of(bot.exchange_account).positions()] == [GALA]
    assert [position.symbol for position in venue_of(second).positions()] == [CHZ]
    bot_close_positions(actor=user, bot=bot, now=timezone.now())
    look(bot)
    assert (bot.level, bot.status) == (0, "paused")
    assert not venue_of(bot.exchange_account).positions()
    assert not venue_of(second).positions()
    lines = total(LedgerLine.objects.filter(bot=bot).values_list("amount", flat=True))
    equities = sum(venue_of(account).balance().equity for account in (bot.exchange_account, second))
    assert equities == 20_000 + lines == 20_000 + bot.total_profit


def test_one_bot_that_cannot_be_looked_at_does_not_stop_its_chunk() -> None:
    good, bad = simulated_bot(), simulated_bot()
    Bot.objects.filter(pk=bad.pk).update(market1_symbol="GONE/USDT:USDT")
    assert set(tick_chunk([good.pk, bad.pk], timezone.now())) == {good.pk, bad.pk}
    assert run_tick(bad.pk, timezone.now()) is None
    assert TradeLog.objects.filter(bot=bad, details__code="venue_unavailable").exists()
    bad.refresh_from_db()
    assert bad.lease_until is None


def test_a_broken_bot_that_drives_a_tape_says_so(candle_dir: Any) -> None:  # noqa: F811
    store_pair(20, seed=4)
    user = make_user()
    account = replay_account(user, lot_rounding=False)
    bot = started_bot(user, account)
    Bot.objects.filter(pk=bot.pk).update(market1_symbol="GONE/USDT:USDT")
    assert step_tape(account, deadline=0, now=timezone.now) is False
    assert TradeLog.objects.filter(bot=bot, details__code="venue_unavailable").exists()
