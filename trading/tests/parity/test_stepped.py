"""A bot that decides on candles over a recording decides as the back-test of its past does: every time, exactly."""

from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from bots.models import Bot
from bots.services import bot_close_positions, bot_pause, bot_start
from bots.tests.factories import ladder, make_user
from exchanges import tape
from exchanges.history import candles
from exchanges.tests.series import CHZ, GALA, START, candle_dir, replay_account, store_pair  # noqa: F401
from trading.engine import run_tick
from trading.models import LedgerLine, Trade
from trading.parity.compare import Outcome
from trading.parity.report import Report, parity_report
from trading.parity.words import reason_sentence, verdict
from trading.tests.replays import play, started_bot

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

SETTINGS: list[dict[str, Any]] = [
    {},
    {"profit_mode": "regression", "profit_ratio": "0.8"},
    {"opening": "momentum", "stop_loss_ratio": "1.5", "profit_ratio": "2"},
    {"allowed_side": "short_spread", "pnl_basis": "gross"},
    {"dca_config": ladder((0.4, 1.0), (0.5, 1.5), (0.6, 2.0)), "max_dca_times": 3, "max_position_value": "700"},
    {"investment_per_order": "37.5", "stop_loss_ratio": "0.8", "profit_ratio": "0.5"},
]


def lived_report(bars: int, seed: int, *, lots: bool, **fields: Any) -> Report:
    store_pair(bars, seed=seed)
    account = replay_account(make_user(), lot_rounding=lots)
    bot = started_bot(account.owner, account, **fields)
    play(account)
    bot.refresh_from_db()
    return parity_report(bot)


def check_exact(report: Report) -> None:
    told = [(line.pair, [reason_sentence(reason, "USDT") for reason in line.reasons]) for line in report.lines]
    assert [one for one in told if one[0].outcome is not Outcome.SAME] == []
    assert report.lines
    for cycle in report.cycles:
        assert cycle.lived == pytest.approx(cycle.replayed, abs=1e-6)
        assert cycle.parts.total == pytest.approx(cycle.difference, abs=1e-9)


@pytest.mark.parametrize(("seed", "fields"), enumerate(SETTINGS, start=1))
def test_no_decision_differs(candle_dir: Any, seed: int, fields: dict[str, Any]) -> None:  # noqa: F811
    report = lived_report(220, seed, lots=False, **fields)
    check_exact(report)
    assert report.lived_decisions == Trade.objects.filter(status="settled").count()
    assert not [line for line in report.lines if line.reasons]
    count = report.lived_decisions
    assert verdict(report) == f"{count} of {count} decision{'s are' if count > 1 else ' is'} the back-test's."


def test_with_the_venue_s_lots_too(candle_dir: Any) -> None:  # noqa: F811
    check_exact(lived_report(240, 2, lots=True))


def test_funding_is_paid_on_both_sides(candle_dir: Any) -> None:  # noqa: F811
    hours = int(START.timestamp() * 1000) + np.arange(1, 20, dtype=np.int64) * 3_600_000
    candles.save_funding("binance", GALA, hours, np.full(len(hours), 3e-4))
    candles.save_funding("binance", CHZ, hours, np.full(len(hours), -2e-4))
    report = lived_report(220, 1, lots=False)
    check_exact(report)
    assert LedgerLine.objects.filter(kind="funding").exists()
    assert report.parts.funding == pytest.approx(0.0, abs=1e-6)


def run_bars(bot: Bot, bars: int) -> None:
    """So many bars further; the tape stands where the bot has looked."""
    for _ in range(bars):
        bar = tape.bar(bot.exchange_account)
        assert run_tick(bot.pk, timezone.now(), decides=not bar.last)
        tape.advance(bot.exchange_account, expected_index=bar.index)
    bot.refresh_from_db()


def test_a_bot_that_pauses_after_each_close_and_is_started_again(candle_dir: Any) -> None:  # noqa: F811
    store_pair(220, seed=4)
    account = replay_account(make_user(), lot_rounding=False)
    bot = started_bot(account.owner, account, pause_after_close=True, restart_after_stop_loss=False)
    starts = 1
    while not is_over(bot):
        bot_start(actor=account.owner, bot=bot, now=timezone.now(), reset_reference=starts % 2 == 0)
        starts += 1
    assert starts > 3
    check_exact(parity_report(bot))


def is_over(bot: Bot) -> bool:
    """Played until the bot paused, or the recording ended."""
    play(bot.exchange_account)
    bot.refresh_from_db()
    return bool(tape.bar(bot.exchange_account).last)


def test_what_a_hand_does_is_said_so(candle_dir: Any) -> None:  # noqa: F811
    store_pair(300, seed=1)
    account = replay_account(make_user(), lot_rounding=False)
    bot = started_bot(account.owner, account, dca_config=ladder((0.4, 1.0)), max_dca_times=1, profit_ratio="1.2")
    while bot.is_flat:
        run_bars(bot, 1)
    bot_close_positions(actor=account.owner, bot=bot, now=timezone.now())
    run_bars(bot, 2)
    assert bot.is_flat
    report = parity_report(bot)
    closed = next(line for line in report.lines if line.pair.lived and line.pair.lived.action == "manual")
    assert closed.reasons[0].code == "by_hand"
    assert report.count(Outcome.SAME) == 1
    (cycle,) = report.cycles
    assert cycle.lived is not None
    assert cycle.parts.decisions == pytest.approx(cycle.lived - (cycle.replayed or 0.0))


def test_what_a_pause_kept_from_happening_is_said_so(candle_dir: Any) -> None:  # noqa: F811
    store_pair(400, seed=2)
    account = replay_account(make_user(), lot_rounding=False)
    bot = started_bot(account.owner, account, dca_config=ladder((0.4, 1.0), (0.2, 1.0), (0.2, 1.0)), max_dca_times=3)
    while bot.is_flat:
        run_bars(bot, 1)
    bot_pause(actor=account.owner, bot=bot, now=timezone.now(), reason="by_user")
    bot.freeze_exits = True
    bot.save(update_fields=["freeze_exits"])
    run_bars(bot, 60)
    bot_start(actor=account.owner, bot=bot, now=timezone.now())
    run_bars(bot, 60)
    report = parity_report(bot)
    during = [line for line in report.lines if line.pair.outcome is Outcome.ONLY_REPLAYED]
    assert during
    assert during[0].reasons[0].code == "not_running"
    assert "paused" in reason_sentence(during[0].reasons[0], "USDT")
    assert all(line.reasons for line in report.lines if line.pair.outcome is not Outcome.SAME)
