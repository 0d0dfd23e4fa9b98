"""The bot form: what it shows, what it refuses and where it says so, and what its buttons do without scripts."""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bots.models import Bot, BotStatus, DecideOn, LoneLegPolicy, ProfitMode
from bots.settings.form_values import shown_number, typed_instant, typed_number
from bots.tests.factories import SIX_LEVELS, make_bot, make_paper_account, make_user, make_viewer
from bots.tests.page_client import client_of, complaints, page_of
from bots.tests.page_rows import held_bot
from exchanges.models import Exchange, ExchangeAccount
from exchanges.tests.series import START, candle_dir, replay_account, stored_pair  # noqa: F401

pytestmark = pytest.mark.django_db(databases=["default", "paper"])

NEW = "/bots/new"


@pytest.fixture
def account(stored_pair):  # noqa: F811
    """A replay whose tape stands 40 hours after its candles begin."""
    return replay_account(make_user(), start=START + timedelta(hours=40))


def fields(account, **changes):
    """As a browser posts a good form."""
    values = {
        "do": "save",
        "bot_name": "GALA/CHZ",
        "exchange_account": str(account.pk),
        "exchange_account2": "",
        "market1_symbol": "GALA/USDT",
        "market2_symbol": "CHZ/USDT",
        "start_time": "2025-01-02T12:00",
        "leverage": "10",
        "margin_mode": "cross",
        "order_type_open": "market",
        "order_type_close": "market",
        "investment_per_order": "100.00",
        "max_position_value": "2,040.00",
        "ladder_spread": ["1.00", "1.00", "1.20", "1.50", "2.00", "2.50"],
        "ladder_multiplier": ["1.00", "1.20", "1.50", "2.00", "2.00", "2.50"],
        "opening": "reversion",
        "allowed_side": "both",
        "profit_mode": "position",
        "profit_ratio": "1.00",
        "stop_loss_ratio": "10.00",
        "pause_after_close": "true",
        "pnl_basis": "net",
        "decide_on": "tick",
        "timeframe": "5m",
        "tick_interval": "5",
        "max_slippage": "0.50",
        "max_book_spread": "0.20",
        "max_imbalance": "5.00",
        "max_quote_age": "10",
        "lone_leg_policy": "complete",
        "range": "24h",
    }
    return values | changes


def post(account, path=NEW, **changes):
    return client_of(account.owner).post(path, fields(account, **changes))


def found(pattern, html):
    match = re.search(pattern, html, re.DOTALL)
    assert match, pattern
    return match[1]


def problems(html, name):
    """What stands beside a field."""
    return re.sub(r"<[^>]+>", " ", found(rf'data-part="problems-{name}"[^>]*>(.*?)</span>(?=\s*(?:<|$))', html)).strip()


# --- showing ---------------------------------------------------------------------------------------------------------


def test_a_new_form_is_filled_in_as_far_as_it_can_be(account):
    html = page_of(account.owner, NEW)
    assert 'value="GALA/CHZ reversion"' in html or 'value="CHZ/GALA reversion"' in html
    assert html.count('name="ladder_spread"') == 6
    assert 'value="2,040.00"' in html
    assert "correlation" in html or "Taker fee" in html
    data = json.loads(found(r'<script id="form-data" type="application/json">(.*?)</script>', html))
    assert len(data["levels"]) == 6
    assert len(data["spread"]["t"]) > 10


def test_without_an_account_it_still_shows():
    html = page_of(make_user(), NEW)
    assert "No account yet" in html


def test_a_copy_has_another_bots_settings_and_its_own_name(account):
    original = make_bot(account=account, bot_name="First", leverage=5, profit_mode=ProfitMode.REGRESSION)
    html = page_of(account.owner, f"{NEW}?copy={original.pk}")
    assert 'value="First, copy"' in html
    assert re.search(r'name="leverage" value="5" checked', html)


def test_the_form_costs_a_bounded_number_of_queries(account):
    client = client_of(account.owner)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(NEW).status_code == 200
        return len(captured)

    queries()
    few = queries()
    for _ in range(30):
        make_bot(account=account)
    assert queries() <= few + 1


def test_a_venue_that_is_away_keeps_what_was_typed():
    owner = make_user()
    account = ExchangeAccount.objects.create(owner=owner, exchange=Exchange.OKX, label="main")
    response = client_of(owner).post(NEW, fields(account, bot_name="Kept", do="check"))
    html = response.content.decode()
    assert response.status_code == 200
    assert "The exchange does not answer now" in html
    assert 'value="Kept"' in html
    response = client_of(owner).post(NEW, fields(account))
    assert response.status_code == 400
    assert "notice-error" in response.content.decode()
    assert not Bot.objects.exists()


# --- saving ----------------------------------------------------------------------------------------------------------


def test_saving_writes_what_was_typed(account):
    ways = {"decide_on": "candle_close", "lone_leg_policy": "unwind"}
    response = post(account, pause_after_close="false", freeze_exits="true", **ways)
    bot = Bot.objects.get()
    assert response.url == f"/bots/{bot.pk}/"
    assert (bot.owner, bot.exchange_account, bot.exchange_account2) == (account.owner, account, None)
    assert bot.dca_config == SIX_LEVELS
    assert bot.max_dca_times == 6
    assert bot.max_position_value == 2040
    assert (bot.decide_on, bot.lone_leg_policy) == (DecideOn.CANDLE_CLOSE, LoneLegPolicy.UNWIND)
    assert (bot.pause_after_close, bot.freeze_exits, bot.restart_after_stop_loss) == (False, True, False)
    assert bot.status == BotStatus.STOPPED
    assert bot.market1_start_price > 0


def test_the_start_time_is_the_users_own(account):
    account.owner.time_zone = "Asia/Shanghai"
    account.owner.save()
    post(account, start_time="2025-01-02T12:00")
    bot = Bot.objects.get()
    assert bot.start_time == datetime(2025, 1, 2, 4, tzinfo=UTC)
    html = page_of(account.owner, f"/bots/{bot.pk}/edit")
    assert 'value="2025-01-02T12:00"' in html
    assert "2 Jan 2025, 12:00 CST" in html


def test_start_on_paper_starts_at_once(account):
    clock = timezone.now()
    start = (START + timedelta(hours=40)).strftime("%Y-%m-%dT%H:%M")
    response = post(account, do="start", start_time=start, ladder_spread=["50"] * 2, ladder_multiplier=["1"] * 2)
    bot = Bot.objects.get()
    assert bot.status == BotStatus.RUNNING
    assert bot.status_changed_at >= clock
    assert response.url == f"/bots/{bot.pk}/"


def test_a_start_that_would_trade_at_once_is_asked_about(account):
    response = post(account, do="start", ladder_spread=["0.0001"], ladder_multiplier=["1"])
    bot = Bot.objects.get()
    assert bot.status == BotStatus.STOPPED
    assert response.url == f"/bots/{bot.pk}/confirm/start?next=/bots/{bot.pk}/"
    assert "so it opens at once" in client_of(account.owner).get(response.url).content.decode()


def test_a_change_without_changes_changes_nothing(account):
    post(account)
    bot = Bot.objects.get()
    unused = {"times": 7, "spread": 9.0, "multiplier": 1.0}
    Bot.objects.filter(pk=bot.pk).update(
        start_time=bot.start_time + timedelta(seconds=33), dca_config=[*SIX_LEVELS, unused]
    )
    bot.refresh_from_db()
    before = Bot.objects.filter(pk=bot.pk).values().get()
    response = post(account, f"/bots/{bot.pk}/edit")
    assert response.status_code == 302
    after = Bot.objects.filter(pk=bot.pk).values().get()
    assert before | {"updated_at": None} == after | {"updated_at": None}


def test_a_running_bot_takes_a_new_name_and_nothing_else(account):
    post(account)
    bot = Bot.objects.get()
    Bot.objects.filter(pk=bot.pk).update(status=BotStatus.RUNNING)
    html = page_of(account.owner, f"/bots/{bot.pk}/edit")
    assert "only its name and how often it looks can change" in html
    assert re.search(r'name="investment_per_order"[^>]* disabled', html)
    assert not re.search(r'name="tick_interval"[^>]* disabled', html)
    response = post(account, f"/bots/{bot.pk}/edit", bot_name="Renamed", investment_per_order="777", leverage="2")
    assert response.status_code == 302
    bot.refresh_from_db()
    assert (bot.bot_name, bot.leverage) == ("Renamed", 10)
    assert bot.investment_per_order == 100


def test_in_position_exits_and_later_levels_can_change(account):
    post(account)
    bot = Bot.objects.get()
    Bot.objects.filter(pk=bot.pk).update(status=BotStatus.PAUSED, level=2, side=-1)
    html = page_of(account.owner, f"/bots/{bot.pk}/edit")
    assert html.count("readonly") == 4
    steps = ["1.00", "1.00", "9.00"]
    response = post(
        account, f"/bots/{bot.pk}/edit", profit_ratio="-1", stop_loss_ratio="20", ladder_spread=steps,
        ladder_multiplier=["1.00", "1.20", "1.50"], leverage="2",
    )  # fmt: skip
    assert response.status_code == 302
    bot.refresh_from_db()
    assert bot.profit_ratio == -1
    assert bot.stop_loss_ratio == 20
    assert bot.leverage == 10
    assert [row["spread"] for row in bot.dca_config] == [1, 1, 9]


# --- refusing --------------------------------------------------------------------------------------------------------

BAD = [
    ({"market1_symbol": "NOPE/USDT"}, "market1_symbol", "has no perpetual NOPE/USDT"),
    ({"market1_symbol": "rubbish"}, "market1_symbol", "Enter a market"),
    ({"market1_symbol": ""}, "market1_symbol", "required"),
    ({"market2_symbol": "GALA/USDT"}, "market2_symbol", "This is market 1 already"),
    ({"investment_per_order": "-5"}, "investment_per_order", "above 0"),
    ({"investment_per_order": "1e99"}, "investment_per_order", "at most 1,000,000,000"),
    ({"investment_per_order": "NaN"}, "investment_per_order", "Enter a number"),
    ({"investment_per_order": ""}, "investment_per_order", "required"),
    ({"max_position_value": "10"}, "max_position_value", "The first order of both legs needs 200.00"),
    ({"leverage": "7"}, "leverage", "Choose one of"),
    ({"leverage": "20000"}, "leverage", "whole number"),
    ({"start_time": "2031-01-01T00:00"}, "start_time", "future"),
    ({"start_time": "2024-01-01T00:00"}, "start_time", "There is no price of GALA/USDT"),
    ({"start_time": "yesterday"}, "start_time", "Enter a date and time"),
    ({"ladder_spread": [], "ladder_multiplier": []}, "dca_config", "at least one level"),
    ({"ladder_spread": ["1"] * 21, "ladder_multiplier": ["1"] * 21}, "dca_config", "21 levels are too many"),
    ({"profit_ratio": "0"}, "profit_ratio", "above 0 while no position is open"),
    ({"profit_ratio": "abc"}, "profit_ratio", "Enter a number"),
    ({"stop_loss_ratio": "-1"}, "stop_loss_ratio", "Enter 0 to"),
    ({"bot_name": " "}, "bot_name", "required"),
    ({"bot_name": "x" * 81}, "bot_name", "At most 80"),
    ({"max_slippage": "99"}, "max_slippage", "at most 50"),
    ({"tick_interval": "0"}, "tick_interval", "from 1 to"),
    ({"opening": "sideways"}, "opening", "Choose one of"),
    ({"exchange_account": "0"}, "exchange_account", "no such account"),
    ({"exchange_account": "x"}, "exchange_account", "no such account"),
]


@pytest.mark.parametrize(("changes", "name", "words"), BAD)
def test_bad_input_is_named_beside_its_field_and_nothing_is_written(account, changes, name, words):
    response = post(account, **changes)
    html = response.content.decode()
    assert response.status_code == 400
    assert not complaints(html)
    assert words in problems(html, name)
    assert not Bot.objects.exists()


def test_everything_wrong_is_said_at_once_and_what_was_typed_stays(account):
    changes = {"bot_name": "", "investment_per_order": "-5", "market2_symbol": "GALA/USDT", "stop_loss_ratio": "lots"}
    html = post(account, **changes).content.decode()
    assert all(problems(html, name) for name in changes)
    assert 'value="lots"' in html
    assert 'value="-5"' in html


def test_a_bad_step_is_said_in_its_row(account):
    html = post(account, ladder_spread=["1", "0", "x"], ladder_multiplier=["1", "1", "200"]).content.decode()
    rows = [html.partition(f'data-part="row-problems-{level}"')[2].partition("</td>")[0] for level in (1, 2, 3)]
    assert "field-error" not in rows[0]
    assert "Level 2: the step must be above 0" in rows[1]
    assert "Level 3: the step" in rows[2]
    assert "Level 3: the multiplier" in rows[2]
    assert problems(html, "dca_config") == ""


def test_an_error_among_the_folded_settings_unfolds_them(account):
    assert re.search(r'class="[^"]*advanced" open', post(account, max_imbalance="x").content.decode())
    assert not re.search(r'class="[^"]*advanced" open', post(account, profit_ratio="x").content.decode())


def test_text_is_never_markup(account):
    html = post(account, bot_name="<script>alert(1)</script>", investment_per_order='"><b>').content.decode()
    assert "<script>alert" not in html
    assert '"><b>' not in html


# --- buttons without scripts -----------------------------------------------------------------------------------------


def levels_in(html):
    return re.findall(r'name="ladder_spread" value="([^"]*)"', html)


def test_levels_are_added_and_removed(account):
    html = post(account, do="add").content.decode()
    assert levels_in(html) == ["1.00", "1.00", "1.20", "1.50", "2.00", "2.50", "2.50"]
    html = post(account, do="remove:2").content.decode()
    assert levels_in(html) == ["1.00", "1.20", "1.50", "2.00", "2.50"]
    for odd in ("remove:99", "remove:x", "remove:", "dance", "cure:leverage=9", "cure:profit_ratio", ""):
        assert client_of(account.owner).post(NEW, fields(account, do=odd)).status_code == 200
    assert not Bot.objects.exists()


def test_there_is_an_end_to_adding(account):
    rows = {"ladder_spread": ["1"] * 20, "ladder_multiplier": ["1"] * 20}
    assert len(levels_in(post(account, do="add", **rows).content.decode())) == 20


def test_a_preset_replaces_the_ladder(account):
    html = post(account, do="preset", preset="wide").content.decode()
    assert levels_in(html) == ["2.00", "3.00", "4.00"]
    assert re.search(r'<option value="wide" selected>', html)
    assert levels_in(post(account, do="preset", preset="odd").content.decode())[0] == "1.00"


def test_both_markets_are_swapped(account):
    html = post(account, do="swap").content.decode()
    assert re.search(r'name="market1_symbol" value="CHZ/USDT"', html)
    assert re.search(r'name="market2_symbol" value="GALA/USDT"', html)


def test_a_level_over_the_maximum_is_amber_and_cured_with_one_click(account):
    html = post(account, do="check", max_position_value="2000").content.decode()
    assert "Level 6 stays closed" in problems(html, "max_position_value")
    assert re.search(r'class="is-over" data-row="6"', html)
    assert "5 of 6 levels" in html
    cure = found(r'value="(cure:max_position_value=[^"]*)"', html)
    html = post(account, do=cure, max_position_value="2000").content.decode()
    assert re.search(r'name="max_position_value" value="2,040.00"', html)
    assert "is-over" not in html


# --- with scripts ----------------------------------------------------------------------------------------------------


def asked(account, **changes):
    client = client_of(account.owner)
    response = client.post(NEW, fields(account, **{"do": "check"} | changes), headers={"X-Requested-With": "fetch"})
    assert response.status_code == 200
    return response.content.decode()


def test_scripts_get_the_form_alone_with_what_is_wrong_so_far(account):
    html = asked(account, investment_per_order="-5")
    assert html.lstrip().startswith("<form")
    assert "above 0" in problems(html, "investment_per_order")
    assert '"spread": null' in html


def test_the_ranges_of_the_chart(account):
    for name, words in (("24h", "24 hours"), ("7d", "7 days"), ("30d", "30 days"), ("odd", "7 days")):
        assert f"This ladder on the {words} shown" in asked(account, range=name)


def test_markets_are_found_by_name(account):
    client = client_of(account.owner)
    html = client.get(f"/bots/markets?account={account.pk}&q=gal&leg=1").content.decode()
    assert 'data-name="GALA/USDT"' in html
    assert "CHZ" not in html
    assert "No market of this name" in client.get(f"/bots/markets?account={account.pk}&q=zzz").content.decode()


# --- who -------------------------------------------------------------------------------------------------------------


def test_viewers_and_outsiders_change_nothing(account):
    post(account)
    bot = Bot.objects.get()
    viewer, outsider = make_viewer(), make_user()
    assert client_of(viewer).get(NEW).status_code == 403
    assert client_of(viewer).post(NEW, fields(account)).status_code == 403
    for path in (f"/bots/{bot.pk}/edit", f"{NEW}?copy={bot.pk}", f"/bots/markets?account={account.pk}"):
        assert client_of(outsider).get(path).status_code == 404
        assert client_of().get(path).status_code == 302
    assert client_of(outsider).post(f"/bots/{bot.pk}/edit", fields(account, bot_name="Mine")).status_code == 404
    for odd in ("x", "", "9" * 30):
        assert client_of(outsider).get(f"/bots/markets?account={odd}").status_code == 404
    bot.refresh_from_db()
    assert bot.bot_name == "GALA/CHZ"


def test_somebody_elses_account_is_neither_offered_nor_taken(account):
    outsider = make_user()
    make_paper_account(outsider)
    assert account.label not in page_of(outsider, NEW)
    response = client_of(outsider).post(NEW, fields(account))
    assert "no such account" in problems(response.content.decode(), "exchange_account")
    assert not Bot.objects.exists()


def test_a_failing_bots_settings_can_be_seen():
    bot = held_bot(status=BotStatus.ERROR)
    page_of(bot.owner, f"/bots/{bot.pk}/edit")


# --- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "read"),
    [("2,040.00", "2040.00"), ("1 000", "1000"), ("1,5", "1,5"), ("−3", "-3"), ("1,2345", "1,2345"), ("abc", "abc")],
)
def test_numbers_are_read_as_they_are_grouped(typed, read):
    assert typed_number(typed) == read


@pytest.mark.parametrize(
    ("value", "shown"),
    [(Decimal("2040"), "2,040.00"), (Decimal("0.00012300"), "0.000123"), (1.0, "1.00"), ("NaN", "NaN"), ("x", "x")],
)
def test_numbers_are_shown_with_two_decimals_at_least(value, shown):
    assert shown_number(value) == shown


@pytest.mark.parametrize("text", ["", "x", "2025-13-01T00:00", "2025-02-30T10:00"])
def test_what_is_no_time_stays_as_it_is(text):
    assert typed_instant(text) == text
