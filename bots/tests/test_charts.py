"""The data of the spread chart: extremes are kept, holes are filled, trades and cycles say what really happened."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db.models import Max, Min
from django.utils import timezone

from bots.charts.points import POINTS_MOST, interval_s, spread_points
from bots.charts.spread import RANGES, SHORTEST, market_now, spread_chart, spread_part
from bots.charts.trades import chart_cycles, chart_trades
from bots.models import Bot
from bots.pair_statistics import pair_statistics
from bots.tests.bot_history import cycle, minutes, order, point, trade
from bots.tests.factories import CHZ, GALA, make_bot, make_user
from bots.tests.page_client import client_of
from exchanges.tests.series import candle_dir, replay_account, stored_pair  # noqa: F401
from trading.models import SpreadHistory, TradeStatus

pytestmark = pytest.mark.django_db(databases=["default", "paper"])

END = datetime(2025, 2, 5, 15, 30, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def bot() -> Bot:
    return make_bot(start_time=END - 40 * DAY)


def test_thirty_days_of_minutes_keep_every_extreme(bot: Bot) -> None:
    count = 30 * 24 * 60
    minutes(bot, END, count)
    begin = END - 30 * DAY
    points = spread_points(bot, begin, END)
    length = timedelta(seconds=interval_s(begin, END))
    assert count / 60 < len(points) < POINTS_MOST
    assert [point.at for point in points] == sorted({point.at for point in points})
    rows = SpreadHistory.objects.filter(bot=bot, recorded_at__gte=begin)
    truth = rows.aggregate(low=Min("spread_low"), high=Max("spread_high"))
    assert (min(p.low for p in points), max(p.high for p in points)) == (truth["low"], truth["high"])
    for shown in points[100:110]:
        first = datetime.fromtimestamp(shown.at.timestamp() // length.total_seconds() * length.total_seconds(), UTC)
        inside = rows.filter(recorded_at__gte=first, recorded_at__lt=first + length)
        truth = inside.aggregate(low=Min("spread_low"), high=Max("spread_high"), last=Max("recorded_at"))
        assert (shown.low, shown.high, shown.at) == (truth["low"], truth["high"], truth["last"])
        assert shown.spread == inside.get(recorded_at=shown.at).spread_percentage


def test_a_few_points_are_left_as_they_are(bot: Bot) -> None:
    for n in range(5):
        point(bot, END - n * MINUTE, float(n))
    points = spread_points(bot, END - 6 * HOUR, END)
    assert [shown.spread for shown in points[-5:]] == [4.0, 3.0, 2.0, 1.0, 0.0]


def test_other_bots_lines_are_not_drawn(bot: Bot) -> None:
    point(make_bot(), END, 9.0)
    assert not SpreadHistory.objects.filter(bot=bot).exists()
    assert all(shown.spread != 9.0 for shown in spread_points(bot, END - HOUR, END))


@pytest.fixture
def replayed(stored_pair: object) -> Bot:  # noqa: F811
    """Began on the tape's first day; the store holds 50 hours of candles."""
    begin = datetime(2025, 1, 1, tzinfo=UTC)
    account = replay_account(make_user(), start=begin + 40 * HOUR)
    return make_bot(account=account, start_time=begin + 10 * HOUR)


def test_what_lies_before_the_first_row_comes_from_candles(replayed: Bot) -> None:
    end = replayed.start_time + 20 * HOUR
    point(replayed, end - MINUTE, 2.5)
    points = spread_points(replayed, replayed.start_time, end)
    assert len(points) > 200
    assert points[0].at - replayed.start_time < 10 * MINUTE
    assert points[-1].spread == 2.5
    assert [p.at for p in points] == sorted(p.at for p in points)


def test_a_hole_in_the_rows_is_filled_and_a_short_one_is_not(replayed: Bot) -> None:
    begin = replayed.start_time
    for n in range(60):
        point(replayed, begin + n * MINUTE, 1.0)
        point(replayed, begin + 5 * HOUR + n * MINUTE, 1.0)
        point(replayed, begin + 6 * HOUR + (n + 10) * MINUTE, 1.0)
    filled = [p for p in spread_points(replayed, begin, begin + 7 * HOUR) if p.spread != 1.0]
    assert len(filled) > 40
    assert all(begin + HOUR - MINUTE <= p.at <= begin + 5 * HOUR for p in filled)


def test_a_venue_that_is_away_leaves_what_was_recorded(bot: Bot) -> None:
    bot.exchange_account.exchange = "okx"
    bot.exchange_account.save()
    point(bot, END, 1.0)
    assert [p.spread for p in spread_points(Bot.objects.get(pk=bot.pk), END - 30 * DAY, END)] == [1.0]


def test_a_leg_is_the_sum_of_its_orders(bot: Bot) -> None:
    made = trade(bot, END)
    order(made, 1, "sell", "2000", "0.0350")
    order(made, 1, "sell", "1000", "0.0356")
    order(made, 2, "buy", "1300", "0.0850")
    order(made, 2, "sell", "120", "0.0840")
    [shown] = chart_trades(bot, END - HOUR, END)
    one, two = shown["legs"]
    assert (one["side"], one["amount"], one["price"]) == ("sell", "3000", "0.0352")
    assert (two["side"], two["amount"]) == ("buy", "1180")
    assert Decimal(two["price"]) == Decimal("0.085101694915")
    assert Decimal(one["fee"]) == Decimal("0.0528")
    assert shown["t"] == int(END.timestamp() * 1000)


def test_trades_that_filled_nothing_are_no_marks(bot: Bot) -> None:
    trade(bot, END, filled_share=0.0)
    trade(bot, END, status=TradeStatus.FAILED, filled_share=None)
    trade(bot, END - 2 * HOUR)
    assert chart_trades(bot, END - HOUR, END) == []


def test_cycles_that_reach_into_the_window(bot: Bot) -> None:
    cycle(bot, 1, END - 9 * HOUR)
    cycle(bot, 2, END - 3 * HOUR, pnl="-2.5")
    cycle(bot, 3, END - HOUR, pnl=None)
    found = chart_cycles(bot, END - 2 * HOUR, "-1.25")
    assert [(c["number"], c["pnl"], c["to"] is None) for c in found] == [(2, "-2.5", False), (3, "-1.25", True)]


@pytest.mark.parametrize("name", RANGES)
def test_every_range_is_json(replayed: Bot, name: str) -> None:
    at = (replayed.start_time + 30 * HOUR).isoformat()
    figures = {"at": at, "spread": 1.5, "pnl": "0", "price1": "0.03", "price2": "0.08"}
    chart = json.loads(json.dumps(spread_chart(replayed, name, timezone.now(), figures), allow_nan=False))
    assert len({len(chart[column]) for column in ("t", "spread", "low", "high", "p1", "p2")}) == 1
    assert chart["t"] == sorted(chart["t"])
    assert chart["to"] == chart["t"][-1]
    assert chart["spread"][-1] == 1.5
    assert chart["from"] <= chart["t"][0]


def test_a_bot_that_begins_now_shows_the_hours_before(replayed: Bot) -> None:
    replayed.start_time += 30 * HOUR
    figures = {"at": replayed.start_time.isoformat(), "spread": 0.0, "pnl": "0", "price1": "0.03", "price2": "0.08"}
    chart = spread_chart(replayed, "start", timezone.now(), figures)
    assert chart["to"] - chart["from"] == SHORTEST.total_seconds() * 1000
    assert len(chart["t"]) > 50


def test_the_range_ends_at_the_markets_own_present(bot: Bot) -> None:
    now = timezone.now()
    assert market_now(bot, now, None) == now
    point(bot, END, 1.0)
    assert market_now(bot, now, None) == END
    assert market_now(bot, now, {"at": (END + HOUR).isoformat()}) == END + HOUR


def test_statistics_of_a_pair_that_moves_together(stored_pair: object) -> None:  # noqa: F811
    account = replay_account(make_user())
    known = pair_statistics((account, GALA), (account, CHZ), datetime(2025, 1, 3, tzinfo=UTC))
    assert known is None, "48 hours are too few"
    assert pair_statistics((account, GALA), (account, GALA), datetime(2025, 1, 3, tzinfo=UTC)) is None


def test_a_part_comes_in_finer_points(bot: Bot) -> None:
    minutes(bot, END, 30 * 24 * 60)
    whole = spread_chart(bot, "30d", timezone.now(), None)
    part = spread_part(bot, END - 9 * DAY, END - 8 * DAY, None)
    assert part["step"] < 60_000 < whole["step"]
    assert len(part["t"]) == 24 * 60 + 1
    assert set(part) | {"span"} == set(whole)


def test_the_page_asks_for_a_part_by_its_ends(bot: Bot) -> None:
    minutes(bot, END, 600)
    client = client_of(bot.owner)
    begin, end = (int(at.timestamp() * 1000) for at in (END - HOUR, END))
    answer = client.get(f"/bots/{bot.pk}/chart?from={begin}&to={end}").json()
    assert (answer["from"], answer["to"], len(answer["t"])) == (begin, end, 61)
    for odd in (f"from={end}&to={begin}", f"from={end}", "from=x&to=1", f"from=0&to={end}"):
        assert client.get(f"/bots/{bot.pk}/chart?{odd}").status_code == 404
    assert client_of(make_user()).get(f"/bots/{bot.pk}/chart?from={begin}&to={end}").status_code == 404
