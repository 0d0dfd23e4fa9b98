"""Pairs that break apart and positions that are held too long: said, paused or closed as their owner chose."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from bots.models import Bot, BotStatus, Intent, PairBreakPolicy
from bots.services import bot_create, bot_start
from bots.tests.factories import ladder, make_bot, make_user
from exchanges.history import candles
from exchanges.tests.series import CHZ, GALA, START, candle_dir, replay_account, series_of  # noqa: F401
from trading import pair_health
from trading.core.pair_break import Sign
from trading.core.pair_break import pair_health as health_of_closes
from trading.engine import run_tick
from trading.models import Cycle, Position, TradeLog
from trading.tests.replays import bot_data
from trading.tests.test_user_actions import simulated_bot

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

BARS = 900
WEEK = 7 * 24


def closes(*, broken: bool, seed: int = 3) -> tuple[Any, Any]:
    """Hourly: one common walk; broken pairs go ways of their own in the last week and drift apart."""
    random = np.random.default_rng(seed)
    common = np.cumsum(random.normal(0, 0.01, BARS))
    gap = np.zeros(BARS)
    for i in range(1, BARS):
        gap[i] = gap[i - 1] * 0.9 + random.normal(0, 0.003)
    if broken:
        own = np.cumsum(random.normal(0.002, 0.01, WEEK))
        gap[-WEEK:] += own
        common[-WEEK:] = common[-WEEK - 1]
    return 0.035 * np.exp(common + gap / 2), 0.082 * np.exp(common - gap / 2)


def test_a_pair_that_keeps_together_has_no_sign_of_a_break() -> None:
    found = health_of_closes(*closes(broken=False))
    assert found is not None
    assert (found.signs, found.is_broken, found.bars) == ((), False, 720)
    assert found.correlation > 0.8
    assert found.half_life_h is not None
    assert 3 < found.half_life_h < 15


def test_a_pair_that_goes_two_ways_is_broken() -> None:
    found = health_of_closes(*closes(broken=True))
    assert found is not None
    assert found.is_broken
    assert Sign.CORRELATION in found.signs


def test_too_few_bars_and_a_market_that_stands_still_say_nothing() -> None:
    one, two = closes(broken=False)
    assert health_of_closes(one[:300], two[:300]) is None
    two[-WEEK:] = two[-1]
    assert health_of_closes(one, two) is None


def bot_on_tape(*, broken: bool, **fields: Any) -> Bot:
    """In position on a replay whose last month is stored."""
    for symbol, values, tick in zip((GALA, CHZ), closes(broken=broken), (1e-6, 1e-6), strict=True):
        candles.save("binance", symbol, "1h", series_of(values, tick=tick, timeframe="1h"), source="generated")
    user = make_user()
    start = START + timedelta(hours=BARS - 5)
    account = replay_account(user, timeframe="1h", start=start, speed="1")
    values = {
        "start_time": start - timedelta(hours=20),
        "dca_config": ladder((0.0001, 1.0)),
        "max_dca_times": 1,
        "profit_ratio": "500",
        "stop_loss_ratio": "0",
        "decide_on": "tick",
    }
    bot = bot_create(actor=user, data=bot_data(account, **values | fields), now=timezone.now())
    bot = bot_start(actor=user, bot=bot, now=timezone.now())
    look(bot)
    assert bot.level == 1
    return bot


def look(bot: Bot) -> None:
    run_tick(bot.pk, timezone.now())
    bot.refresh_from_db()


def watch(bot: Bot) -> None:
    pair_health.watch_pairs(timezone.now())
    look(bot)


@pytest.mark.usefixtures("candle_dir")
@pytest.mark.parametrize(
    ("policy", "status", "level", "lines"),
    [
        (PairBreakPolicy.NOTHING, "running", 1, 0),
        (PairBreakPolicy.ALERT, "running", 1, 1),
        (PairBreakPolicy.PAUSE, "paused", 1, 1),
        (PairBreakPolicy.CLOSE, "paused", 0, 1),
    ],
)
def test_a_break_does_what_its_owner_chose_once_a_cycle(policy: str, status: str, level: int, lines: int) -> None:
    bot = bot_on_tape(broken=True, pair_break_policy=policy)
    watch(bot)
    assert (bot.status, bot.level) == (status, level)
    assert TradeLog.objects.filter(bot=bot, details__code="pair_broken").count() == lines
    if policy == PairBreakPolicy.PAUSE:
        assert bot.status_reason == "after_pair_break"
        bot_start(actor=bot.owner, bot=bot, now=timezone.now())
        watch(bot)
        assert bot.status == BotStatus.RUNNING
    if policy == PairBreakPolicy.CLOSE:
        assert Cycle.objects.get(bot=bot).reason == "pair_break"
        assert bot.status_reason == "after_pair_break"
    assert TradeLog.objects.filter(bot=bot, details__code="pair_broken").count() == lines


@pytest.mark.usefixtures("candle_dir")
def test_a_healthy_pair_is_left_alone_and_its_figures_are_kept_for_the_page() -> None:
    bot = bot_on_tape(broken=False, pair_break_policy=PairBreakPolicy.CLOSE)
    assert pair_health.health_known(bot) is None
    watch(bot)
    assert (bot.status, bot.level) == ("running", 1)
    known = pair_health.health_known(bot)
    assert known is not None
    assert not known.is_broken
    carry = pair_health.carry_of(bot, timezone.now())
    assert carry is not None
    assert carry.funding == 0


@pytest.mark.parametrize(("pause_after_close", "status"), [(True, "paused"), (False, "running")])
def test_a_position_held_too_long_is_closed(pause_after_close: bool, status: str) -> None:
    fields: dict[str, Any] = {"max_hours_in_position": "2", "pause_after_close": pause_after_close}
    bot = simulated_bot(**fields, pair_break_policy=PairBreakPolicy.NOTHING)
    look(bot)
    watch(bot)
    assert bot.level == 1
    Position.objects.filter(bot=bot).update(opened_at=timezone.now() - timedelta(hours=2, minutes=1))
    watch(bot)
    assert Cycle.objects.get(bot=bot, number=1).reason == "time_stop"
    assert (bot.status, bot.current_cycle) == (status, 2)
    assert Intent.objects.get(bot=bot).status == "done"


@pytest.mark.parametrize(
    "fields",
    [{"status": BotStatus.STOPPED}, {"status": BotStatus.PAUSED, "freeze_exits": True}, {"level": 0, "side": 0}],
)
def test_what_is_its_owners_to_look_after_is_left_alone(fields: dict[str, Any]) -> None:
    bot = make_bot(**{"level": 1, "side": 1, "max_hours_in_position": 1} | fields)
    long_ago = timezone.now() - timedelta(days=9)
    common = {"account": bot.exchange_account, "cycle_number": 1, "amount": 1, "cost": 1, "entry_price": 1}
    Position.objects.create(bot=bot, leg=1, symbol=GALA, side="long", opened_at=long_ago, **common)
    pair_health.watch_pairs(timezone.now())
    assert not Intent.objects.filter(bot=bot).exists()
