"""The dashboard, the list of bots and the questions before an action."""

import re
import zoneinfo
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.contrib.messages import get_messages
from django.db import connection
from django.template.loader import render_to_string
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bots.journal import lines as journal
from bots.models import Bot, BotStatus, Intent
from bots.tests.factories import make_bot, make_paper_account, make_user, make_viewer
from bots.tests.page_client import PLAIN, client_of, complaints, page_of
from bots.tests.page_rows import held_bot, history, line, show
from exchanges.models import Exchange, ExchangeAccount
from trading.models import LogType

pytestmark = pytest.mark.django_db(databases=["default", "paper"])

ACTIONS = ["start", "pause", "stop", "close", "delete"]


def live_account(owner, label="main"):
    return ExchangeAccount.objects.create(owner=owner, exchange=Exchange.OKX, label=label)


def text_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


# --- dashboard -------------------------------------------------------------------------------------------------------


def test_a_new_user_is_led_to_an_account():
    html = page_of(make_user(), "/")
    assert 'href="/welcome"' in html
    assert "Begin with play money" in html


def test_the_dashboard_shows_what_was_earned_and_what_is_open():
    bot = held_bot(earned="0")
    line(bot, "-100", days_ago=20)
    line(bot, "5", days_ago=3)
    line(bot, "12.34")
    html = text_of(page_of(bot.owner, "/"))
    assert "Realised today +12.34" in html
    assert "7 days +17.34" in html
    assert "All −82.66" in html
    assert "1 pair open" in html


def test_exposure_adds_up_by_coin():
    account = make_paper_account()
    held_bot(account=account)
    held_bot(account=account)
    html = text_of(page_of(account.owner, "/"))
    assert "GALA −201 201" in html
    assert "CHZ +200 200" in html


def test_paper_is_in_no_total_of_live_accounts():
    user = make_user()
    held_bot(account=make_paper_account(user), earned="999")
    held_bot(account=live_account(user), earned="1.5")
    html = text_of(page_of(user, "/"))
    assert "Realised today +1.50" in html
    assert "not counted in any figure above" in html
    assert html.index("+1.50") < html.index("not counted in any figure above") < html.rindex("+999.00")


def test_live_and_paper_pages_look_different():
    user = make_user()
    make_paper_account(user)
    paper = page_of(user, "/")
    assert 'class="band"' in paper
    live_account(user)
    assert 'class="band"' not in page_of(user, "/")
    assert 'class="band"' in page_of(user, "/?account=paper")


def test_the_chosen_account_is_remembered():
    user = make_user()
    live_account(user)
    make_paper_account(user)
    client = client_of(user)
    client.get("/?account=paper")
    assert 'class="band"' in client.get("/bots/").content.decode()


def test_an_account_of_somebody_else_cannot_be_chosen():
    theirs = held_bot(earned="777").exchange_account
    user = make_user()
    make_paper_account(user)
    html = page_of(user, f"/?account={theirs.pk}")
    assert "777" not in html
    assert theirs.label not in html


def test_failing_bots_and_the_latest_news_are_told():
    bot = held_bot(status=BotStatus.ERROR, status_reason="key_refused")
    journal.write(bot, "closed_take_profit", log_type=LogType.TRADE, pnl=Decimal("26.25"), spread=-0.68)
    html = text_of(page_of(bot.owner, "/"))
    assert "the exchange refuses the key" in html
    assert "Took profit: +26.25 USDT" in html
    assert "1 bot is failing" in html


def test_old_quotes_are_grey_and_say_their_age():
    bot = held_bot(max_quote_age=10)
    show(bot, stale_s=34.0)
    html = page_of(bot.owner, "/")
    assert 'class="is-stale"' in html
    assert "34.0 s old" in html
    assert "holds off, quotes are old" in html


def test_the_dashboard_shows_nothing_of_others():
    held_bot(earned="777", bot_name="Secret plan")
    user = make_user()
    make_paper_account(user)
    html = page_of(user, "/")
    assert "Secret plan" not in html
    assert "777" not in html


@pytest.mark.parametrize(
    "query", ["range=7d", "range=all", "range=century", "status=error", "status=%00", "account=999999999999"]
)
def test_odd_addresses_of_the_dashboard_answer(query):
    bot = held_bot()
    assert client_of(bot.owner).get(f"/?{query}").status_code == 200


# --- list ------------------------------------------------------------------------------------------------------------


def test_a_line_says_level_spread_and_result():
    bot = held_bot()
    history(bot)
    html = page_of(bot.owner, "/bots/")
    text = text_of(html)
    assert "1 /6" in text
    assert "+3.04" in text
    assert "acts now" in text
    assert '<svg class="spark"' in html


def test_the_list_costs_the_same_for_one_bot_and_for_fifty():
    account = make_paper_account()
    held_bot(account=account)
    client = client_of(account.owner)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/bots/?sort=-pnl").status_code == 200
        return len(captured)

    few = queries()
    for _ in range(49):
        held_bot(account=account)
    assert queries() <= max(few, 12)
    assert few <= 12


def test_the_list_can_be_narrowed_and_sorted():
    account = make_paper_account()
    held_bot(account=account, bot_name="Alpha")
    make_bot(account=account, bot_name="Beta")
    html = page_of(account.owner, "/bots/?status=running")
    assert "Alpha" in html
    assert "Beta" not in html
    html = page_of(account.owner, "/bots/?q=bet")
    assert "Alpha" not in html
    html = page_of(account.owner, "/bots/?sort=-name")
    assert html.index("Beta") < html.index("Alpha")
    html = page_of(account.owner, "/bots/?sort=-exposure")
    assert html.index("Alpha") < html.index("Beta")


@pytest.mark.parametrize(
    "query", ["status=odd", "sort=owner__password", "q=%00", "page=0", "page=x", "page=999", "sort=-"]
)
def test_odd_wishes_of_the_list_answer(query):
    bot = held_bot()
    assert client_of(bot.owner).get(f"/bots/?{query}").status_code == 200


def test_names_are_text_and_never_markup():
    bot = make_bot(bot_name="<script>alert(1)</script>")
    html = page_of(bot.owner, "/bots/")
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_no_bot_fits_is_said():
    bot = make_bot()
    assert "No bot fits this filter." in page_of(bot.owner, "/bots/?status=error")


# --- questions and actions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["pause", "stop", "delete"])
def test_a_question_is_a_page_and_a_part(action):
    bot = held_bot()
    path = f"/bots/{bot.pk}/confirm/{action}"
    response = client_of(bot.owner).get(path)
    assert f'action="/bots/{bot.pk}/{action}"' in response.content.decode()
    part = client_of(bot.owner).get(path, headers={"X-Requested-With": "fetch"}).content.decode()
    assert "<html" not in part
    assert f'action="/bots/{bot.pk}/{action}"' in part


def test_stopping_in_position_says_that_nothing_is_closed():
    bot = held_bot()
    html = client_of(bot.owner).get(f"/bots/{bot.pk}/confirm/stop").content.decode()
    assert "both legs of level 1 stay open" in html


def test_pause_and_stop_are_done_and_said():
    bot = held_bot()
    client = client_of(bot.owner)
    response = client.post(f"/bots/{bot.pk}/pause", {"next": "/bots/"})
    assert response.headers["Location"] == "/bots/"
    assert [str(message) for message in get_messages(response.wsgi_request)] == [f"{bot.bot_name} is paused."]
    client.post(f"/bots/{bot.pk}/stop")
    bot.refresh_from_db()
    assert bot.status == BotStatus.STOPPED


def test_a_refused_action_says_why():
    bot = make_bot(status=BotStatus.STOPPED)
    response = client_of(bot.owner).post(f"/bots/{bot.pk}/pause")
    assert [message.level_tag for message in get_messages(response.wsgi_request)] == ["error"]
    bot.refresh_from_db()
    assert bot.status == BotStatus.STOPPED


def test_one_question_closes_once():
    bot = held_bot()
    client = client_of(bot.owner)
    for _ in range(2):
        client.post(f"/bots/{bot.pk}/close", {"key": "one-key"})
    assert Intent.objects.filter(bot=bot).count() == 1


def test_deleting_leads_back_to_the_list():
    bot = make_bot()
    response = client_of(bot.owner).post(f"/bots/{bot.pk}/delete")
    assert response.headers["Location"] == "/bots/"
    assert not Bot.objects.filter(pk=bot.pk).exists()


@pytest.mark.parametrize("action", ACTIONS)
def test_actions_need_a_post(action):
    bot = held_bot()
    assert client_of(bot.owner).get(f"/bots/{bot.pk}/{action}").status_code == 405


@pytest.mark.parametrize("action", ACTIONS)
def test_somebody_elses_bot_is_not_there(action):
    bot, stranger = held_bot(), client_of(make_user())
    assert stranger.get(f"/bots/{bot.pk}/confirm/{action}").status_code == 404
    assert stranger.post(f"/bots/{bot.pk}/{action}").status_code == 404
    bot.refresh_from_db()
    assert bot.status == BotStatus.RUNNING
    assert not Intent.objects.filter(bot=bot).exists()


@pytest.mark.parametrize("action", ["pause", "stop", "close", "delete"])
def test_viewers_change_nothing(action):
    viewer = make_viewer()
    bot = held_bot(account=make_paper_account(viewer))
    assert client_of(viewer).post(f"/bots/{bot.pk}/{action}").status_code == 403
    bot.refresh_from_db()
    assert bot.status == BotStatus.RUNNING


# --- help and errors -------------------------------------------------------------------------------------------------


def test_help_explains_every_term_to_everybody():
    response = client_of().get("/help/")
    html = response.content.decode()
    assert not complaints(html)
    for term in ("Spread", "Multiplier", "Take profit by regression", "Naked leg", "Paper and live"):
        assert f"<dt>{term}</dt>" in html


def test_a_missing_page_is_one_of_ours():
    user = make_user()
    response = client_of(user).get("/nowhere/")
    assert response.status_code == 404
    assert "There is nothing at this address" in response.content.decode()


def test_the_page_for_our_own_mistakes_needs_nothing():
    with override_settings(STORAGES=settings.STORAGES | {"staticfiles": PLAIN}):
        html = render_to_string("500.html")
    assert "Running bots are not touched by it." in html


def test_viewers_see_no_controls():
    viewer = make_viewer()
    bot = held_bot(account=make_paper_account(viewer))
    html = page_of(viewer, "/bots/")
    assert bot.bot_name in html
    assert "/confirm/" not in html
    assert "/bots/new" not in html


def test_the_day_begins_where_the_user_lives():
    user = make_user(time_zone="Pacific/Kiritimati")
    bot = held_bot(account=make_paper_account(user), earned="0")
    local_midnight = timezone.localtime(timezone.now(), zoneinfo.ZoneInfo("Pacific/Kiritimati")).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    seconds = (timezone.now() - local_midnight + timedelta(minutes=1)).total_seconds()
    line(bot, "50", days_ago=seconds / 86400)
    line(bot, "1")
    assert "Realised today +1.00" in text_of(page_of(user, "/"))
