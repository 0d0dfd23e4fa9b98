"""The last 48 hours of a chart: quotes kept once for each market, written by whoever looks, finer than the minutes."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from bots.charts.points import POINTS_MOST, spread_points
from bots.config import core_config, core_state
from bots.models import Bot
from bots.tests.bot_history import minutes, point
from bots.tests.factories import CHZ, GALA, make_bot, market_rules
from exchanges.models import ExchangeAccount, MarketQuote
from exchanges.quote_log import QuoteLog, SeenPrice, quotes_between, source_of
from trading.core.spread import spread_pct
from trading.core.types import quote
from trading.models import SpreadHistory
from trading.partitions import QUOTES, partitions_keep
from trading.showing import Look, looks_show

pytestmark = pytest.mark.django_db(databases=["default", "paper"])

END = datetime(2025, 2, 5, 15, 30, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def bot() -> Bot:
    return make_bot(start_time=END - 40 * DAY)


def quoted(account: ExchangeAccount, begin: datetime, count: int) -> None:
    """Both markets every 5 s; the spread swings and has one spike, at a third of the time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO market_quotes (source, symbol, at, price, stored_on)"
            " SELECT %(source)s, m.symbol, %(begin)s + n * interval '5 s',"
            " m.price * (1 + m.swing * (sin(n / 50.0) + CASE WHEN n = %(count)s / 3 THEN 9 ELSE 0 END) / 100),"
            " CURRENT_DATE FROM generate_series(0, %(count)s - 1) n,"
            " (VALUES (%(gala)s, 0.035, 1), (%(chz)s, 0.085, 0)) AS m (symbol, price, swing)",
            {"source": source_of(account), "begin": begin, "count": count, "gala": GALA, "chz": CHZ},
        )


def seen(bot: Bot, at: datetime, price: float = 0.035) -> list[SeenPrice]:
    return [SeenPrice(bot.exchange_account, symbol, at, price) for symbol in (GALA, CHZ)]


def test_a_market_is_written_once_a_step_however_many_look(bot: Bot) -> None:
    log, other_process = QuoteLog(), QuoteLog()
    at = END + 2 * SECOND
    assert log.note([*seen(bot, at), *seen(bot, at), *seen(make_bot(account=bot.exchange_account), at)], at) == 2
    assert log.note(seen(bot, at + 2 * SECOND, 0.036), at + 2 * SECOND) == 0
    other_process.note(seen(bot, at + SECOND, 0.037), at + SECOND)
    assert list(MarketQuote.objects.values_list("symbol", "at", "price").order_by("symbol")) == [
        (CHZ, END, 0.035),
        (GALA, END, 0.035),
    ]
    assert log.note(seen(bot, END + 5 * SECOND), END + 5 * SECOND) == 2
    assert MarketQuote.objects.count() == 4


def test_looks_at_many_bots_leave_one_row_for_each_market(bot: Bot) -> None:
    bots = [bot, *(make_bot(account=bot.exchange_account, bot_name=f"Pair {n}") for n in range(3))]
    rules = market_rules(GALA), market_rules(CHZ)
    now = timezone.now()
    for at in (END, END + SECOND):
        looks = [
            Look(each, core_config(each, *rules), core_state(each, []), quote(0.036, 0.085), [], at) for each in bots
        ]
        looks_show(looks, now)
    rows = MarketQuote.objects.filter(source=source_of(bot.exchange_account)).order_by("symbol")
    assert list(rows.values_list("symbol", "at", "price")) == [(CHZ, END, 0.085), (GALA, END, 0.036)]
    assert SpreadHistory.objects.filter(bot__in=bots).count() == len(bots)


def test_accounts_of_one_venue_share_their_quotes_and_made_markets_do_not(bot: Bot) -> None:
    okx, testnet = ExchangeAccount(exchange="okx"), ExchangeAccount(exchange="okx", is_testnet=True)
    on_its_quotes = ExchangeAccount(exchange="paper", paper_source="live", paper_venue="okx")
    assert source_of(okx) == source_of(on_its_quotes) == "okx"
    assert len({source_of(okx), source_of(testnet), source_of(bot.exchange_account)}) == 3


def test_what_is_older_than_two_days_goes_by_the_day(bot: Bot) -> None:
    today = date(2026, 3, 10)
    for day in QUOTES.days():
        QUOTES.drop(day)
    quoted(bot.exchange_account, END, 2)
    for age in range(4):
        MarketQuote.objects.create(
            source="okx", symbol=GALA, at=END + age * DAY, price=1.0, stored_on=today - timedelta(days=age)
        )
    MarketQuote.objects.filter(source=source_of(bot.exchange_account)).update(stored_on=today)
    partitions_keep(today)
    kept = set(MarketQuote.objects.filter(source="okx").values_list("stored_on", flat=True))
    assert kept == {today - timedelta(days=age) for age in range(3)}
    assert QUOTES.days()[0] == today - timedelta(days=2)


def test_a_closer_look_shows_every_quote_and_the_minutes_extremes(bot: Bot) -> None:
    begin = END - 10 * MINUTE
    quoted(bot.exchange_account, begin, 120)
    for spread in (0.5, 40.0, -30.0, 0.6):
        point(bot, begin + 3 * MINUTE, spread)
    points = spread_points(bot, begin, END)
    assert [shown.at for shown in points] == [begin + n * 5 * SECOND for n in range(120)]
    start = float(bot.market1_start_price), float(bot.market2_start_price)
    assert points[7].spread == pytest.approx(spread_pct(points[7].price1, points[7].price2, *start))
    within = [shown for shown in points if begin + 3 * MINUTE <= shown.at < begin + 4 * MINUTE]
    assert (max(p.high for p in within), min(p.low for p in within)) == (40.0, -30.0)
    assert max(abs(p.spread) for p in points) < 20


def test_thirty_days_of_minutes_and_two_of_quotes_keep_every_extreme(bot: Bot) -> None:
    minutes(bot, END, 30 * 24 * 60)
    quoted(bot.exchange_account, END - 48 * HOUR, 48 * 720)
    points = spread_points(bot, END - 30 * DAY, END)
    assert 1900 < len(points) < POINTS_MOST
    _times, prices = quotes_between(bot.exchange_account, GALA, END - 48 * HOUR, END)
    assert len(prices) == 48 * 720
    start = float(bot.market1_start_price), float(bot.market2_start_price)
    spike = spread_pct(max(prices), 0.085, *start)
    assert max(p.high for p in points) == pytest.approx(spike)
    assert [p.at for p in points] == sorted({p.at for p in points})


def test_before_the_quotes_begin_the_minutes_stay(bot: Bot) -> None:
    quoted(bot.exchange_account, END - 5 * MINUTE, 60)
    for n in range(10):
        point(bot, END - n * MINUTE - 30 * SECOND, 1.25)
    points = spread_points(bot, END - 10 * MINUTE, END)
    older = [p for p in points if p.at < END - 5 * MINUTE]
    assert [p.spread for p in older] == [1.25] * 5
    assert len(points) == 65


def test_one_leg_without_a_quote_is_no_spread(bot: Bot) -> None:
    QuoteLog().note(seen(bot, END)[:1], END)
    assert spread_points(bot, END - MINUTE, END + MINUTE) == []
