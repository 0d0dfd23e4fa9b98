"""The page of one bot: what it shows in every state, who may see it, what it costs."""

import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bots.journal import lines as journal
from bots.models import Bot, BotStatus, Intent
from bots.pages.bot_view import marked_sentence, spread_ends
from bots.tests.bot_history import cycle, full_history, minutes, order, trade
from bots.tests.factories import make_bot, make_user, make_viewer
from bots.tests.page_client import client_of, page_of
from bots.tests.page_rows import AT, held_bot, show
from exchanges.models import Exchange, ExchangeAccount
from trading.models import LogType

pytestmark = pytest.mark.django_db(databases=["default", "paper"])

TABS = ["cycles", "orders", "journal", "statistics", "settings"]


def text_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.partition("<script")[0] + html))


def path_of(bot, rest=""):
    return f"/bots/{bot.pk}/{rest}"


# --- states ----------------------------------------------------------------------------------------------------------


def test_in_position_it_shows_figures_legs_and_what_it_waits_for():
    bot = held_bot(last_spread=0.0)
    show(bot)
    html = page_of(bot.owner, path_of(bot))
    text = text_of(html)
    assert f"<h1>{bot.bot_name}</h1>" in html
    assert "Running" in text
    assert "GALA/USDT" in text
    assert "perpetuals · Binance · 10× cross" in text
    assert "USDT placed each leg" in text
    assert 'data-live="pnl"' in html
    assert html.count("data-leg=") == 2
    assert 'data-amount="-2800' in html
    assert "Close both legs" in text


def test_flat_and_never_traded():
    bot = make_bot()
    text = text_of(page_of(bot.owner, path_of(bot)))
    assert "No position" in text
    assert "No cycle yet" in text
    assert "Close both legs" not in text


@pytest.mark.parametrize(
    ("status", "level", "offered"),
    [
        (BotStatus.RUNNING, 0, {"pause", "stop", "delete"}),
        (BotStatus.RUNNING, 1, {"pause", "stop", "close", "delete"}),
        (BotStatus.PAUSED, 0, {"start", "stop", "delete"}),
        (BotStatus.STOPPED, 1, {"start", "close", "delete"}),
        (BotStatus.ERROR, 1, {"start", "stop", "close", "delete"}),
    ],
)
def test_controls_follow_the_status(status, level, offered):
    bot = make_bot(status=status, level=level, side=-1 if level else 0)
    html = page_of(bot.owner, path_of(bot))
    assert set(re.findall(rf"/bots/{bot.pk}/confirm/(\w+)", html)) == offered


def test_an_error_says_why_and_what_to_do():
    bot = make_bot(status=BotStatus.ERROR, status_reason="mismatch")
    journal.write(bot, "mismatch", log_type=LogType.ERROR, symbol="GALA/USDT:USDT", venue=24000, books=24492)
    html = page_of(bot.owner, path_of(bot))
    assert "The exchange and the books disagree about GALA/USDT." in html
    assert "Decide what is to become of the difference" in html
    assert f"/exchanges/{bot.exchange_account_id}/differences" in html


def test_a_refused_key_leads_to_the_account():
    bot = make_bot(status=BotStatus.ERROR, status_reason="key_refused")
    assert f'/exchanges/{bot.exchange_account_id}/edit">Renew the key' in page_of(bot.owner, path_of(bot))


def test_an_open_position_that_nobody_looks_after_is_said():
    stopped = make_bot(status=BotStatus.STOPPED, level=1, side=1)
    assert "nobody looks after them" in page_of(stopped.owner, path_of(stopped))
    frozen = make_bot(status=BotStatus.PAUSED, level=1, side=1, freeze_exits=True)
    assert "Paused and frozen" in page_of(frozen.owner, path_of(frozen))


def test_old_figures_are_marked():
    bot = held_bot()
    assert 'id="bot-figures" class="is-stale"' not in page_of(bot.owner, path_of(bot))
    show(bot, stale_s=34.0)
    assert 'id="bot-figures" class="is-stale"' in page_of(bot.owner, path_of(bot))


def test_markets_that_cannot_be_seen_leave_a_page():
    owner = make_user()
    account = ExchangeAccount.objects.create(owner=owner, exchange=Exchange.OKX, label="main")
    bot = make_bot(account=account, level=1, side=-1)
    html = page_of(owner, path_of(bot))
    assert "Its markets cannot be seen now." in html
    assert client_of(owner).get(path_of(bot, "chart")).status_code == 200
    assert client_of(owner).get(path_of(bot, "figures")).json() == {"figures": None}


def test_names_are_text_and_never_markup():
    bot = make_bot(bot_name="<script>alert(1)</script>", status=BotStatus.ERROR, status_reason="<b>odd</b>")
    html = page_of(bot.owner, path_of(bot))
    assert "<script>alert" not in html
    assert "<b>odd" not in html.lower()


def test_the_distances_of_the_sentence_stand_out():
    html = marked_sentence("Widens {add} pp to add {level} <b>", {"add": "1.47", "level": 5})
    assert html == 'Widens <b class="num">1.47 pp</b> to add 5 &lt;b&gt;'


def test_the_spread_stands_between_what_comes_next():
    marks = {
        "add": {"spread": 7.4, "distance": 1.5, "level": 5},
        "take_profit": {"spread": 2.0, "distance": -3.9},
        "stop_loss": {"spread": 14.5, "distance": 8.6},
        "break_even": {"spread": 3.2, "distance": -2.7},
    }
    low, high = spread_ends(marks)
    assert [mark and mark["name"] for mark in (low, high)] == ["take_profit", "add"]
    assert spread_ends({}) == (None, None)


# --- tabs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tab", [*TABS, "odd", ""])
def test_every_tab_has_an_address(tab):
    bot = held_bot()
    full_history(bot, AT, 3)
    html = page_of(bot.owner, path_of(bot, f"?tab={tab}"))
    current = tab if tab in TABS else "cycles"
    assert f'data-tab="{current}" aria-current="page"' in html


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_has_an_empty_state(tab):
    bot = make_bot()
    page_of(bot.owner, path_of(bot, f"?tab={tab}"))


def test_cycles_open_one_first():
    bot = held_bot(current_cycle=2)
    cycle(bot, 1, AT - timedelta(hours=9), pnl="1.50")
    cycle(bot, 2, AT - timedelta(hours=3), pnl=None)
    text = text_of(page_of(bot.owner, path_of(bot)))
    assert text.index("Open now") < text.rindex("Take profit")
    assert "1 closed, all with profit" in text
    assert "+1.50 %" in text.replace("\u2009", " ")


def test_orders_and_journal_are_paged():
    bot = make_bot()
    full_history(bot, AT, 15)
    first, second = (page_of(bot.owner, path_of(bot, f"?tab=orders&page={page}")) for page in (1, 2))
    assert first.count('data-key="order-') == 20
    assert not set(re.findall(r'data-key="(order-\d+)"', first)) & set(re.findall(r'data-key="(order-\d+)"', second))
    for odd in ("0", "x", "999", "-1"):
        assert client_of(bot.owner).get(path_of(bot, f"?tab=journal&page={odd}")).status_code == 200


def test_the_journal_shows_one_kind():
    bot = make_bot()
    journal.write(bot, "mismatch", log_type=LogType.ERROR, symbol="GALA/USDT:USDT", venue=1, books=2)
    journal.write(bot, "created", log_type=LogType.INFO)
    page = page_of(bot.owner, path_of(bot, "?tab=journal&kind=error"))
    errors = text_of(re.sub(r"<select.*?</select>", "", page, flags=re.DOTALL))  # the choice of events
    assert "the exchange holds 1, the books say 2" in errors
    assert "Created." not in errors


def test_statistics_add_up():
    bot = make_bot(total_trades=4)
    cycle(bot, 1, AT - timedelta(hours=9), pnl="3.00")
    cycle(bot, 2, AT - timedelta(hours=6), pnl="-1.00", reason="stop_loss", lowest_pnl=-5.0)
    text = text_of(page_of(bot.owner, path_of(bot, "?tab=statistics")))
    for words in ("Realised +2.00 USDT", "Stop losses 1", "Best +3.00", "Worst −1.00", "Deepest fall −5.00"):
        assert words in text
    assert "Held, average 2 h 00 m" in text


def test_the_leg_that_stood_alone_says_how_long():
    bot = held_bot(current_cycle=1)
    made = trade(bot, AT, naked_ms=6800)
    order(made, 1, "sell", "2800", "0.0357", filled_at=AT)
    order(made, 2, "buy", "1180", "0.0847", filled_at=AT + timedelta(seconds=7))
    gala, chz = re.split(r'data-leg="2"', page_of(bot.owner, path_of(bot)).partition('data-leg="1"')[2])[:2]
    assert "6.8 s" in gala
    assert "0.0 s" in chz


# --- data ------------------------------------------------------------------------------------------------------------


def test_the_charts_data():
    bot = held_bot()
    minutes(bot, AT, 600)
    answer = client_of(bot.owner).get(path_of(bot, "chart?range=6h")).json()
    assert answer["span"] == 6 * 3600 * 1000
    assert answer["figures"]["level"] == 1
    assert len(answer["t"]) == len(answer["spread"]) > 300


@pytest.mark.parametrize("name", ["1y", "", "%00"])
def test_an_unknown_range_is_not_found(name):
    bot = make_bot()
    assert client_of(bot.owner).get(path_of(bot, f"chart?range={name}")).status_code == 404


def test_scripts_get_what_they_need():
    bot = held_bot()
    html = page_of(bot.owner, path_of(bot))
    data = json.loads(html.partition('<script id="bot-data" type="application/json">')[2].partition("</script>")[0])
    assert data["socket"] == f"/api/v1/ws/bot/{bot.pk}"
    assert data["labels"] == ["GALA", "CHZ"]
    assert data["figures"]["level"] == 1
    assert set(data["waiting"]) >= {"adds_or_closes", "opens_either_way"}


# --- who -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rest", ["", "chart", "figures", "?tab=settings"])
def test_nobody_else_sees_a_bot(rest):
    bot = held_bot()
    assert client_of(make_user()).get(path_of(bot, rest)).status_code == 404
    assert client_of(make_user(is_staff=True, is_superuser=True)).get(path_of(bot, rest)).status_code == 404
    assert client_of().get(path_of(bot, rest)).status_code == 302
    assert client_of(bot.owner).get(path_of(Bot(pk=bot.pk + 999), rest)).status_code == 404


def test_a_viewer_gets_no_controls():
    bot = held_bot(owner=make_viewer())
    html = page_of(bot.owner, path_of(bot, "?tab=settings"))
    assert "/confirm/" not in html
    assert f"/bots/{bot.pk}/edit" not in html
    for action in ("start", "pause", "stop", "close"):
        assert client_of(bot.owner).post(path_of(bot, action)).status_code in (302, 403)
    bot.refresh_from_db()
    assert bot.status == BotStatus.RUNNING
    assert not Intent.objects.exists()


@pytest.mark.parametrize("rest", ["", "chart", "figures"])
def test_pages_are_only_read(rest):
    bot = make_bot()
    assert client_of(bot.owner).post(path_of(bot, rest)).status_code == 405


# --- cost ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tab", TABS)
def test_a_page_costs_the_same_for_few_rows_and_for_many(tab):
    bot = held_bot()
    full_history(bot, AT, 2)
    client = client_of(bot.owner)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path_of(bot, f"?tab={tab}")).status_code == 200
        return len(captured)

    few = queries()
    Bot.objects.get(pk=bot.pk).cycles.all().delete()
    full_history(bot, AT - timedelta(days=30), 40)
    assert queries() == few
    assert few <= 18


def test_the_charts_cost_does_not_grow_with_the_rows():
    """It depends on the holes that candles must fill, of which there are four at most."""
    bot = held_bot()
    client = client_of(bot.owner)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path_of(bot, "chart?range=24h")).status_code == 200
        return len(captured)

    minutes(bot, AT, 30)
    few = queries()
    full_history(bot, AT, 7)
    minutes(bot, AT - timedelta(hours=2), 1200)
    assert max(few, queries()) <= 24
