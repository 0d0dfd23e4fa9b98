"""A venue that misbehaves, at every step of a pair's life, on either leg.

Each case replays the same tape with one fault rehearsed. Where the fault is over within the bar, every decision must be
the back-test's; in all cases the books add up, nothing is sent twice and no leg stands alone.
"""

from typing import Any

import pytest

from bots.models import BotStatus
from bots.tests.factories import ladder, make_user
from exchanges.adapters import paper_chaos
from exchanges.registry import venue_of
from exchanges.tests.series import CHZ, GALA, candle_dir, replay_account, store_pair  # noqa: F401
from trading.models import Order, Trade, TradeLog, TradeStatus
from trading.tests.books import check_books, check_legs_equal
from trading.tests.replays import backtested, lived, play, reference, started_bot

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

BARS = 50
RUNGS = ladder((0.4, 1.0), (0.4, 1.5), (0.6, 2.0))
OPEN, ADD, CLOSE = {"skip": 0}, {"skip": 1}, {"reduce_only": True}


@pytest.fixture(autouse=True)
def _short_waits(settings: Any, candle_dir: Any) -> None:  # noqa: F811
    settings.ORDER_SEND_BY_S = 0.15
    settings.ORDER_PROOF_S = 0.05
    settings.CLOSE_RETRY_S = 0.0


def replayed(*faults: dict[str, Any], **fields: Any) -> tuple[Any, Any]:
    """The bot after the tape, and the back-test of the same."""
    series = store_pair(BARS, seed=4)
    user = make_user()
    account = replay_account(user, lot_rounding=False)
    settings = {"dca_config": RUNGS, "max_dca_times": 3, "profit_ratio": "0.4"} | fields
    bot = started_bot(user, account, **settings)
    named = [{name: value for name, value in fault.items() if value is not None} for fault in faults]
    venue_of(account).rehearse(paper_chaos.parse({"faults": named}))  # type: ignore[attr-defined]
    play(account)
    bot.refresh_from_db()
    return bot, reference(*series, rungs=RUNGS, take_profit=0.4)


@pytest.mark.parametrize("step", [OPEN, ADD, CLOSE], ids=["open", "add", "close"])
@pytest.mark.parametrize("symbol", [GALA, CHZ, None], ids=["leg1", "leg2", "both"])
@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "not_found", "reject"])
def test_a_fault_that_is_over_within_the_bar_changes_nothing(
    kind: str, symbol: str | None, step: dict[str, Any]
) -> None:
    times = 2 if symbol is None else 1
    if kind == "reject" and symbol is None and step is not CLOSE:
        pytest.skip("both legs refused: no pair, entries wait (see below)")
    which = {"symbol": symbol, "next": times, **step}
    faults = [{"fault": kind, **which}]
    if kind == "not_found":  # nobody asks for an order whose answer came
        faults = [{"fault": "timeout_after", **which}, {"fault": kind, "seconds": 0.1, **which}]
    bot, result = replayed(*faults)
    assert lived(bot) == backtested(result)
    assert len(lived(bot)) > 4
    assert Trade.objects.filter(bot=bot, naked_ms__gt=0).count() == 0
    check_books(bot)
    check_legs_equal(bot)


@pytest.mark.parametrize("symbol", [GALA, CHZ], ids=["leg1", "leg2"])
def test_a_leg_that_is_refused_for_good_is_not_left_alone(symbol: str) -> None:
    """Three tries, then the other leg is called back or closed; entries wait, and the third failure pauses the bot."""
    bot, _ = replayed({"fault": "reject", "symbol": symbol, "reduce_only": False})
    assert not Trade.objects.filter(bot=bot, status=TradeStatus.SETTLED).exists()
    failed = Trade.objects.filter(bot=bot, status=TradeStatus.FAILED)
    assert failed.count() == 3
    assert bot.status == BotStatus.PAUSED
    assert bot.is_flat
    check_books(bot)
    check_legs_equal(bot)


def test_both_legs_refused_once_the_bot_waits_and_goes_on() -> None:
    bot, _ = replayed({"fault": "reject", "next": 2})
    first = Trade.objects.filter(bot=bot).earliest("id")
    assert first.status == TradeStatus.FAILED
    assert Trade.objects.filter(bot=bot, status=TradeStatus.SETTLED).exists()
    assert TradeLog.objects.filter(bot=bot, details__code="entry_failed").count() == 1
    check_books(bot)


@pytest.mark.parametrize("policy", ["complete", "unwind"])
@pytest.mark.parametrize("symbol", [GALA, CHZ], ids=["leg1", "leg2"])
def test_a_partial_fill_of_one_leg_is_completed_or_trimmed(symbol: str, policy: str) -> None:
    bot, _ = replayed({"fault": "partial", "share": 0.4, "symbol": symbol, "next": 1}, lone_leg_policy=policy)
    first = Trade.objects.filter(bot=bot).earliest("id")
    assert first.status == TradeStatus.SETTLED
    assert first.filled_share == pytest.approx(1.0 if policy == "complete" else 0.4, abs=0.01)
    assert first.naked_ms > 0
    assert first.naked_value > 0
    check_books(bot)
    check_legs_equal(bot)


def test_a_refused_close_is_tried_again_until_both_legs_are_closed() -> None:
    bot, _ = replayed({"fault": "reject", "symbol": CHZ, "reduce_only": True, "next": 6})
    assert TradeLog.objects.filter(bot=bot, details__code="failed").exists()
    closes = Order.objects.filter(bot=bot, symbol=CHZ, purpose="close")
    assert closes.filter(status="rejected").count() == 6
    assert not Trade.objects.filter(bot=bot, action="close").exclude(status=TradeStatus.SETTLED).exists()
    check_books(bot)
    check_legs_equal(bot)
