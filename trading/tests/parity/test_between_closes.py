"""A bot that decides on every quote of a paced replay: what differs from the back-test has a reason with figures."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from bots.models import Bot
from bots.tests.factories import ladder, make_user
from exchanges.models import ExchangeAccount
from exchanges.registry import forget
from exchanges.tests.series import candle_dir, replay_account, store_pair  # noqa: F401
from trading.engine import run_tick
from trading.models import Trade, TradeLog
from trading.parity.compare import Outcome
from trading.parity.report import Report, parity_report
from trading.parity.words import reason_sentence
from trading.tests.replays import started_bot

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

STILL = Decimal("0.001")
"""So slow that the market stands still while a bot looks."""
LOOKS = (40, 110, 200, 290)
"""Seconds into each bar of five minutes at which the bot looks."""


def show_market_at(account: ExchangeAccount, elapsed_s: float) -> None:
    """As if the account had been opened so long ago that its market stands there now."""
    speed = float(account.paper_config["speed"])
    opened = timezone.now() - timedelta(seconds=elapsed_s / speed)
    ExchangeAccount.objects.filter(pk=account.pk).update(created_at=opened)
    forget(account.pk)


def lived_report(
    bars: int, seed: int, *, speed: Decimal = STILL, lots: bool = True, **fields: Any
) -> tuple[Bot, Report]:
    store_pair(bars, seed=seed)
    account = replay_account(make_user(), speed=speed, lot_rounding=lots)
    show_market_at(account, 320)
    values = {"decide_on": "tick", "dca_config": ladder((0.5, 1.0), (0.6, 1.5)), "max_dca_times": 2} | fields
    bot = started_bot(account.owner, account, **values)
    for bar in range(1, bars):
        for look in LOOKS[bar == 1 :]:
            show_market_at(account, bar * 300 + look)
            run_tick(bot.pk, timezone.now())
    show_market_at(account, bars * 300)
    bot.refresh_from_db()
    return bot, parity_report(bot)


@pytest.mark.parametrize("seed", [1, 6])
def test_whatever_differs_is_explained_in_figures(candle_dir: Any, seed: int) -> None:  # noqa: F811
    bot, report = lived_report(100, seed)
    assert report.between_closes
    assert report.lived_decisions == Trade.objects.filter(bot=bot, status="settled").count() > 2
    for line in report.lines:
        sentences = [reason_sentence(reason, "USDT") for reason in line.reasons]
        if line.pair.outcome is not Outcome.SAME:
            assert line.reasons, line
            assert line.reasons[0].code != "missed", sentences
        assert all(any(sign.isdigit() for sign in sentence) for sentence in sentences), sentences
    assert any(reason.code in ("before_close", "between_closes") for line in report.lines for reason in line.reasons)


def test_the_difference_in_money_is_split_without_a_rest(candle_dir: Any) -> None:  # noqa: F811
    _, report = lived_report(100, 1, lots=False, profit_ratio="0.4")
    both = [cycle for cycle in report.cycles if cycle.lived is not None and cycle.replayed is not None]
    assert both
    for cycle in report.cycles:
        assert cycle.parts.total == pytest.approx(cycle.difference, abs=1e-9)
    for cycle in both:
        assert cycle.parts.decisions == pytest.approx(0.0, abs=1e-6) or report.count(Outcome.ONLY_LIVE)
    assert report.parts.total == pytest.approx(report.lived_pnl - report.replayed_pnl, abs=1e-9)


def test_a_wide_book_on_record_is_the_reason(candle_dir: Any) -> None:  # noqa: F811
    """The bot allows less than the book ever is: it holds off for ever, and the back-test knows nothing of it."""
    bot, report = lived_report(40, 1, speed=Decimal(60), max_book_spread="0.001")
    assert not Trade.objects.filter(bot=bot).exists()
    assert TradeLog.objects.filter(bot=bot, details__code="book_wide").exists()
    only = [line for line in report.lines if line.pair.outcome is Outcome.ONLY_REPLAYED]
    assert only
    assert only[0].reasons[0].code == "journal"
    assert "book" in reason_sentence(only[0].reasons[0], "USDT")
