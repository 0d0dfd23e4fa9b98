"""A bot's life: who may do what when, and what each step leaves behind."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django_celery_beat.models import PeriodicTask

from bots import services
from bots.claims import claims_take
from bots.intents import intent_settle, intents_waiting
from bots.models import Bot, BotStatus, Intent, IntentStatus, SymbolClaim
from bots.selectors import bots_of
from bots.tests.factories import CHZ, GALA, bot_settings, make_bot, make_paper_account, make_user, make_viewer
from exchanges.errors import DomainError
from exchanges.models import ExchangeAccount
from exchanges.paper_models import PaperWallet
from trading.core.order_state import OrderStatus
from trading.models import Fill, LedgerLine, LogType, Order, Position, Purpose, TradeLog

pytestmark = pytest.mark.django_db(databases=["default", "paper"])

NOW = datetime(2026, 11, 20, tzinfo=UTC)
RUNNING, PAUSED, STOPPED, ERROR = BotStatus.RUNNING, BotStatus.PAUSED, BotStatus.STOPPED, BotStatus.ERROR


@pytest.fixture
def account() -> ExchangeAccount:
    return make_paper_account()


@pytest.fixture
def bot(account: ExchangeAccount) -> Bot:
    """Created as users create them: with its schedule and its first line in the journal."""
    return services.bot_create(actor=account.owner, data=bot_settings(account), now=NOW)


def start(bot: Bot, **options: Any) -> Bot:
    return services.bot_start(actor=bot.owner, bot=bot, now=NOW, **options)


def codes(bot: Bot) -> list[str]:
    return [log.details["code"] for log in TradeLog.objects.filter(bot=bot).order_by("id")]


def is_ticking(bot: Bot) -> bool:
    return PeriodicTask.objects.get(bot_schedule__bot=bot).enabled


def hold(bot: Bot) -> None:
    """Books a position of one level."""
    Bot.objects.filter(pk=bot.pk).update(level=1, side=-1, invested=100)
    for leg, side in ((1, "short"), (2, "long")):
        Position.objects.create(
            bot=bot,
            account=bot.exchange_account,
            cycle_number=1,
            leg=leg,
            symbol=bot.symbol_of(leg),
            side=side,
            amount=100,
            cost=100,
            entry_price=1,
            opened_at=NOW,
        )
    bot.refresh_from_db()


def order(bot: Bot, **fields: Any) -> Order:
    values = {
        "account": bot.exchange_account,
        "bot": bot,
        "purpose": Purpose.OPEN,
        "client_order_id": uuid.uuid4().hex,
        "symbol": GALA,
        "side": "buy",
        "order_type": "ioc",
        "amount": 1,
        "market_time": NOW,
        "status": OrderStatus.OPEN,
    }
    return Order.objects.create(**values | fields)


def test_created_stopped_with_a_schedule_that_waits(bot: Bot) -> None:
    assert (bot.status, bot.level, bot.current_cycle) == (STOPPED, 0, 1)
    assert not is_ticking(bot)
    assert codes(bot) == ["created"]


def test_nothing_is_written_for_bad_settings(account: ExchangeAccount) -> None:
    with pytest.raises(ValidationError):
        services.bot_create(actor=account.owner, data=bot_settings(account, leverage=7), now=NOW)
    assert not Bot.objects.exists()
    assert not TradeLog.objects.exists()


def test_start_pause_start_stop(bot: Bot) -> None:
    assert start(bot).status == RUNNING
    assert is_ticking(bot)
    assert set(SymbolClaim.objects.values_list("symbol", flat=True)) == {GALA, CHZ}
    services.bot_pause(actor=bot.owner, bot=bot, now=NOW)
    assert bot.status == PAUSED
    assert not is_ticking(bot)
    start(bot)
    services.bot_stop(actor=bot.owner, bot=bot, now=NOW)
    assert Bot.objects.get(pk=bot.pk).status == STOPPED
    assert not is_ticking(bot)
    assert not SymbolClaim.objects.exists()
    assert codes(bot) == ["created", "started", "paused", "started", "stopped"]


@pytest.mark.parametrize(
    ("status", "verb"),
    [(RUNNING, "bot_start"), (PAUSED, "bot_pause"), (STOPPED, "bot_pause"), (STOPPED, "bot_stop")],
)
def test_what_does_not_follow_is_refused(bot: Bot, status: BotStatus, verb: str) -> None:
    Bot.objects.filter(pk=bot.pk).update(status=status)
    with pytest.raises(DomainError) as caught:
        getattr(services, verb)(actor=bot.owner, bot=bot, now=NOW)
    assert caught.value.code == "wrong_status"
    assert Bot.objects.get(pk=bot.pk).status == status


def test_start_sets_leverage_at_the_venue(bot: Bot) -> None:
    Bot.objects.filter(pk=bot.pk).update(leverage=3)
    start(bot)
    wallet = PaperWallet.objects.get(pk=bot.exchange_account_id)
    assert wallet.leverage == {GALA: [3, "cross"], CHZ: [3, "cross"]}


def test_start_says_everything_that_is_wrong(bot: Bot) -> None:
    Bot.objects.filter(pk=bot.pk).update(investment_per_order=1, max_position_value=10**9, profit_ratio=0)
    other = make_bot(account=bot.exchange_account, bot_name="The other")
    claims_take(other)
    with pytest.raises(ValidationError) as caught:
        start(bot)
    found = [error.code for error in caught.value.error_list]
    assert found.count("claimed") == 2
    assert {"get_me_out_flat", "notional_min"} <= set(found)
    assert any("The other" in message for message in caught.value.messages)
    assert Bot.objects.get(pk=bot.pk).status == STOPPED
    assert codes(bot) == ["created"]


def test_start_needs_margin_for_the_whole_ladder_within_the_cap(account: ExchangeAccount) -> None:
    rich = bot_settings(account, investment_per_order=50_000, max_position_value=10**8)
    bot = services.bot_create(actor=account.owner, data=rich, now=NOW)
    with pytest.raises(ValidationError) as caught:
        start(bot)
    assert [error.code for error in caught.value.error_list] == ["margin"]
    capped = services.bot_update(actor=bot.owner, bot=bot, data={"max_position_value": 100_000}, now=NOW)
    with pytest.raises(ValidationError):
        start(capped)
    services.bot_update(actor=bot.owner, bot=bot, data={"investment_per_order": 45_000, "leverage": 20}, now=NOW)
    assert start(bot).status == RUNNING


def test_start_refuses_a_position_that_the_books_do_not_know(bot: Bot) -> None:
    hold(bot)
    with pytest.raises(ValidationError) as caught:
        start(bot)
    assert [error.code for error in caught.value.error_list] == ["mismatch", "mismatch"]


def test_start_from_here_makes_the_spread_of_now_the_reference(bot: Bot) -> None:
    assert bot.reference_spread == 0.0
    shown = services.start_preview(bot=bot, now=NOW)
    started = start(bot, reset_reference=True)
    assert started.reference_spread == pytest.approx(shown["spread"], abs=1.0)
    assert codes(bot)[-1] == "started_from_here"


def test_start_forgets_failed_entries(bot: Bot) -> None:
    Bot.objects.filter(pk=bot.pk).update(entry_failures=3, entries_wait_until=NOW + timedelta(hours=1))
    started = start(bot)
    assert (started.entry_failures, started.entries_wait_until) == (0, None)


def test_start_preview_says_what_a_start_would_do(bot: Bot) -> None:
    shown = services.start_preview(bot=bot, now=NOW)
    assert shown["problems"] == []
    assert shown["can_reset"]
    moved = abs(shown["spread"]) >= 1
    assert shown["action"] == ("open" if moved else "none")
    Bot.objects.filter(pk=bot.pk).update(reference_spread=shown["spread"] - 50)
    far = services.start_preview(bot=Bot.objects.get(pk=bot.pk), now=NOW)
    assert (far["action"], far["side"], far["level"], far["notional"]) == ("open", -1, 1, "100")
    assert [(leg["coin"], leg["side"]) for leg in far["legs"]] == [("GALA", "sell"), ("CHZ", "buy")]
    for leg in far["legs"]:
        assert Decimal(leg["amount"]) * Decimal(leg["price"]) == pytest.approx(Decimal(100), rel=Decimal("0.05"))


def test_stop_with_a_position_leaves_it_to_the_user(bot: Bot) -> None:
    start(bot)
    hold(bot)
    services.bot_stop(actor=bot.owner, bot=bot, now=NOW)
    assert SymbolClaim.objects.filter(bot=bot).count() == 2
    assert not is_ticking(bot)
    assert codes(bot)[-1] == "stopped_in_position"
    intent = services.bot_close_positions(actor=bot.owner, bot=bot, now=NOW, idempotency_key="once")
    assert is_ticking(bot)
    Position.objects.filter(bot=bot).update(amount=0, is_open=False)
    Bot.objects.filter(pk=bot.pk).update(level=0, side=0)
    intent_settle(intent, IntentStatus.DONE, now=NOW)
    services.bot_settled(bot=bot)
    assert not is_ticking(bot)
    assert not SymbolClaim.objects.exists()


def test_orders_under_way_are_settled_after_a_stop(bot: Bot) -> None:
    start(bot)
    open_order = order(bot)
    services.bot_stop(actor=bot.owner, bot=bot, now=NOW)
    assert is_ticking(bot)
    assert SymbolClaim.objects.filter(bot=bot).exists()
    Order.objects.filter(pk=open_order.pk).update(status=OrderStatus.CANCELED)
    services.bot_settled(bot=bot)
    assert not is_ticking(bot)
    assert not SymbolClaim.objects.exists()


def test_close_asks_once_and_only_when_there_is_something(bot: Bot) -> None:
    with pytest.raises(DomainError) as caught:
        services.bot_close_positions(actor=bot.owner, bot=bot, now=NOW)
    assert caught.value.code == "no_position"
    hold(bot)
    first = services.bot_close_positions(actor=bot.owner, bot=bot, now=NOW, idempotency_key="a")
    again = services.bot_close_positions(actor=bot.owner, bot=bot, now=NOW, idempotency_key="a")
    meanwhile = services.bot_close_positions(actor=bot.owner, bot=bot, now=NOW, idempotency_key="b")
    assert first == again == meanwhile
    assert intents_waiting(bot) == [first]
    intent_settle(first, IntentStatus.DONE, now=NOW, result="closed")
    intent_settle(first, IntentStatus.REFUSED, now=NOW, result="late")
    assert Intent.objects.get(pk=first.pk).result == "closed"
    assert services.bot_close_positions(actor=bot.owner, bot=bot, now=NOW, idempotency_key="a") == first
    assert intents_waiting(bot) == []
    without_key = services.bot_close_positions(actor=bot.owner, bot=bot, now=NOW)
    assert without_key.idempotency_key
    assert codes(bot).count("close_requested") == 2
    for unusable in ("x" * 65, "a\x00"):
        with pytest.raises(ValidationError):
            services.bot_close_positions(actor=bot.owner, bot=bot, now=NOW, idempotency_key=unusable)


def test_fail_keeps_looking_after_the_position(bot: Bot) -> None:
    start(bot)
    hold(bot)
    services.bot_fail(bot=bot, reason="leg_stuck", now=NOW)
    assert (bot.status, bot.status_reason) == (ERROR, "leg_stuck")
    assert is_ticking(bot)
    last = TradeLog.objects.filter(bot=bot).latest("id")
    assert last.log_type == LogType.ERROR
    assert last.message.startswith("Stopped by an error: one leg stands alone")


def test_change_of_start_time_measures_anew(bot: Bot) -> None:
    Bot.objects.filter(pk=bot.pk).update(reference_spread=3.5, status=PAUSED)
    before = bot.market1_start_price
    changed = services.bot_update(
        actor=bot.owner, bot=Bot.objects.get(pk=bot.pk), data={"start_time": "2025-06-01T00:00Z"}, now=NOW
    )
    assert changed.reference_spread == 0.0
    assert changed.market1_start_price != before
    assert codes(bot)[-1] == "changed"


def test_a_change_that_a_start_overtook_is_refused(bot: Bot) -> None:
    stale = Bot.objects.get(pk=bot.pk)
    start(bot)
    with pytest.raises(ValidationError):
        services.bot_update(actor=bot.owner, bot=stale, data={"leverage": 5}, now=NOW)
    assert Bot.objects.get(pk=bot.pk).leverage == 10


def test_a_new_interval_reaches_the_schedule(bot: Bot) -> None:
    services.bot_update(actor=bot.owner, bot=bot, data={"tick_interval": 17}, now=NOW)
    assert PeriodicTask.objects.get(bot_schedule__bot=bot).interval.every == 17


def test_a_bot_that_never_traded_is_deleted_for_good(bot: Bot) -> None:
    services.bot_delete(actor=bot.owner, bot=bot, now=NOW)
    assert not Bot.objects.exists()
    assert not TradeLog.objects.exists()
    assert not PeriodicTask.objects.filter(name__startswith="bot ").exists()


def test_orders_and_money_of_a_deleted_bot_stay_on_record(bot: Bot) -> None:
    done = order(bot, status=OrderStatus.CLOSED)
    fill = Fill.objects.create(
        order=done, account=done.account, symbol=GALA, trade_id="1", side="buy", price=1, amount=1, fee=0, at=NOW
    )
    LedgerLine.objects.create(
        account=done.account, bot=bot, symbol=GALA, kind="fee", amount=-1, currency="USDT", fill=fill, at=NOW
    )
    services.bot_delete(actor=bot.owner, bot=bot, now=NOW)
    assert not bots_of(bot.owner).exists()
    assert Order.objects.filter(bot=bot).exists()
    assert LedgerLine.objects.filter(bot=bot).exists()
    assert not PeriodicTask.objects.filter(name__startswith="bot ").exists()


@pytest.mark.parametrize(("prepare", "code"), [(start, "running"), (hold, "in_position"), (order, "unsettled")])
def test_delete_is_refused_while_anything_is_open(bot: Bot, prepare: Callable[[Bot], object], code: str) -> None:
    prepare(bot)
    with pytest.raises(DomainError) as caught:
        services.bot_delete(actor=bot.owner, bot=bot, now=NOW)
    assert caught.value.code == code
    assert Bot.objects.filter(pk=bot.pk).exists()


@pytest.mark.parametrize("stranger", [make_user, make_viewer])
def test_strangers_do_nothing(bot: Bot, stranger: Any) -> None:
    who = stranger()
    for call in (
        lambda: services.bot_start(actor=who, bot=bot, now=NOW),
        lambda: services.bot_pause(actor=who, bot=bot, now=NOW),
        lambda: services.bot_stop(actor=who, bot=bot, now=NOW),
        lambda: services.bot_update(actor=who, bot=bot, data={"bot_name": "x"}, now=NOW),
        lambda: services.bot_delete(actor=who, bot=bot, now=NOW),
        lambda: services.bot_close_positions(actor=who, bot=bot, now=NOW),
    ):
        with pytest.raises(PermissionDenied):
            call()


def test_a_viewer_does_nothing_with_bots_of_their_own() -> None:
    bot = make_bot(make_viewer())
    with pytest.raises(PermissionDenied):
        services.bot_start(actor=bot.owner, bot=bot, now=NOW)
