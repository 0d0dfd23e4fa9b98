"""Nobody sees the bots of others; statistics add up."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bots.models import Bot
from bots.selectors import bot_of, bot_stats, bots_of
from bots.tests.factories import START, make_bot, make_user
from trading.models import CloseReason, Cycle, Trade, TradeStatus

pytestmark = pytest.mark.django_db


def cycle(bot: Bot, number: int, pnl: str, *, hours: int = 2, reason: str = CloseReason.TAKE_PROFIT) -> None:
    Cycle.objects.create(
        bot=bot,
        number=number,
        side=-1,
        levels=number,
        opened_at=START,
        closed_at=START + timedelta(hours=hours),
        open_spread=1.0,
        close_spread=0.0,
        reason=reason,
        realised_pnl=Decimal(pnl),
        fees=Decimal("0.2"),
        funding=Decimal("-0.05"),
    )


def test_bots_of_others_do_not_exist() -> None:
    mine, theirs = make_bot(), make_bot()
    assert list(bots_of(mine.owner)) == [mine]
    assert bot_of(mine.owner, mine.pk) == mine
    with pytest.raises(Bot.DoesNotExist):
        bot_of(mine.owner, theirs.pk)
    assert not bots_of(make_user()).exists()


def test_stats_of_a_bot_that_never_traded() -> None:
    stats = bot_stats(make_bot())
    assert (stats["cycles"], stats["win_rate"], stats["average"], stats["best"]) == (0, None, None, None)
    assert (stats["fees"], stats["funding"], stats["levels"]) == ("0", "0", [])


def test_stats_add_up(django_assert_num_queries) -> None:
    bot = make_bot()
    cycle(bot, 1, "1.5")
    cycle(bot, 2, "2.5", hours=4)
    cycle(bot, 3, "-1", hours=6, reason=CloseReason.STOP_LOSS)
    for naked in (0, 400, 600):
        Trade.objects.create(
            bot=bot,
            cycle_number=1,
            level=1,
            action="open",
            side=-1,
            status=TradeStatus.SETTLED,
            spread=1.0,
            price1=1,
            price2=1,
            notional=100,
            target1=100,
            target2=100,
            filled_share=1.0,
            decided_at=START,
            naked_ms=naked,
            naked_value=naked,
        )
    with django_assert_num_queries(2):
        stats = bot_stats(bot)
    assert (stats["cycles"], stats["wins"], stats["stop_losses"]) == (3, 2, 1)
    assert stats["win_rate"] == pytest.approx(66.67, abs=0.01)
    assert (stats["realised"], stats["average"], stats["best"], stats["worst"]) == ("3", "1", "2.5", "-1")
    assert (stats["fees"], stats["funding"]) == ("0.6", "-0.15")
    assert (stats["average_held_s"], stats["longest_held_s"]) == (4 * 3600, 6 * 3600)
    assert (stats["naked_longest_ms"], stats["naked_average_ms"]) == (600, 500)
    assert stats["naked_value_worst"] == "600"
    assert [each["cycles"] for each in stats["levels"]] == [1, 1, 1]
