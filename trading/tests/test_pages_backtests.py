"""The pages of back-tests: the list, the form, the report, comparing, and what they lead to."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bots.models import Bot, DecideOn
from bots.strategies.registry import BUILT_IN
from bots.tests.factories import make_bot, make_paper_account, make_user, make_viewer
from bots.tests.page_client import client_of, complaints, page_of
from exchanges.history import candles, simulated_shelf
from exchanges.models import CandleDownload, CandleSet, JobStatus, PaperSource
from exchanges.tests.series import CHZ, GALA, START, candle_dir, store_pair, stored_pair  # noqa: F401
from trading.backtests import running
from trading.models import Backtest
from trading.strategies import template

pytestmark = pytest.mark.django_db(databases=["default", "paper"])

LIST, NEW, COMPARE = "/backtests/", "/backtests/new", "/backtests/compare"
MOST_QUERIES = 12
BUILT_IN_BY_NAME = {strategy.name: strategy for strategy in BUILT_IN}


@pytest.fixture
def trader(stored_pair):  # noqa: F811
    return make_user()


def fields(**changes):
    """As a browser posts a good form."""
    values = {
        "do": "run",
        "name": "GALA/CHZ reversion",
        "strategy": "spread",
        "filled_for": f"binance|{GALA}|{CHZ}|5m",
        "exchange": "binance",
        "market1_symbol": GALA,
        "market2_symbol": CHZ,
        "timeframe": "5m",
        "since": "2025-01-01T00:00",
        "until": "2025-01-03T02:00",
        "use_funding": "true",
        "leverage": "",
        "margin_mode": "cross",
        "order_type_open": "market",
        "order_type_close": "market",
        "investment_per_order": "100.00",
        "max_position_value": "2,040.00",
        "ladder_spread": ["0.50", "0.50", "1.00"],
        "ladder_multiplier": ["1.00", "1.20", "1.50"],
        "opening": "reversion",
        "allowed_side": "both",
        "profit_mode": "position",
        "profit_ratio": "0.40",
        "stop_loss_ratio": "10.00",
        "pause_after_close": "false",
        "pnl_basis": "net",
        "fill": "next_open",
        "taker_fee": "0.05",
        "maker_fee": "0.02",
        "slippage_bps": "2",
        "lot_step1": "1",
        "lot_step2": "1",
        "max_imbalance": "5",
    }
    return values | changes


def post(user, **changes):
    return client_of(user).post(NEW, fields(**changes))


def ran(user, **changes):
    """A run started from the form and done."""
    response = post(user, **changes)
    assert response.status_code == 302, response.content.decode()
    backtest = Backtest.objects.get(pk=int(found(r"/backtests/(\d+)/", response["Location"])))
    running.backtest_run(backtest.pk, timezone.now)
    backtest.refresh_from_db()
    assert backtest.status == JobStatus.DONE, backtest.problems
    return backtest


def found(pattern, html):
    match = re.search(pattern, html, re.DOTALL)
    assert match, pattern
    return match[1]


def problems(html, name):
    """What stands beside a field."""
    said = found(rf'data-part="problems-{re.escape(name)}"[^>]*>(.*?)</span>(?=\s*(?:<|$))', html)
    return re.sub(r"<[^>]+>", " ", said).strip()


def script_data(html, name):
    return json.loads(found(rf'<script id="{name}" type="application/json">(.*?)</script>', html))


# --- the list --------------------------------------------------------------------------------------------------------


def test_an_empty_list_says_what_a_back_test_is_and_where_to_begin(trader):
    html = page_of(trader, LIST)
    assert "No back-test yet" in html
    assert f'href="{NEW}"' in html
    assert "compare-bar" not in html


def test_a_run_is_listed_with_its_figures(trader):
    run = ran(trader)
    html = page_of(trader, LIST)
    stats = run.summary["stats"]
    assert f'href="/backtests/{run.pk}/"' in html
    assert f"{stats['net_profit']:,.2f}".lstrip("-") in html
    assert "equity-spark" in html
    assert 'name="ids"' in html


def test_the_list_costs_the_same_whatever_its_length(trader):
    first = ran(trader)
    row = {field.attname: getattr(first, field.attname) for field in Backtest._meta.concrete_fields}
    del row["id"]
    Backtest.objects.bulk_create(Backtest(**row | {"name": f"run {n}"}) for n in range(60))
    client = client_of(trader)
    client.get(LIST)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(LIST).status_code == 200
    assert len(captured) <= MOST_QUERIES
    with CaptureQueriesContext(connection) as captured:
        assert client.get(f"{LIST}?sort=-sharpe&page=2&q=run").status_code == 200
    assert len(captured) <= MOST_QUERIES


def test_it_is_narrowed_and_sorted_by_figures(trader):
    poor, rich = ran(trader, name="Poor", taker_fee="0.5"), ran(trader, name="Rich")
    assert poor.summary["stats"]["net_profit"] < rich.summary["stats"]["net_profit"]
    html = page_of(trader, f"{LIST}?sort=-pnl")
    assert html.index(">Rich</a>") < html.index(">Poor</a>")
    html = page_of(trader, f"{LIST}?sort=pnl")
    assert html.index(">Poor</a>") < html.index(">Rich</a>")
    html = page_of(trader, f"{LIST}?q=rich")
    assert ">Rich</a>" in html
    assert ">Poor</a>" not in html
    assert ">Rich</a>" in page_of(trader, f"{LIST}?q=gala/chz")
    assert "No back-test fits this filter" in page_of(trader, f"{LIST}?status=failed")
    assert "No back-test fits this filter" in page_of(trader, f"{LIST}?kind=search")


def test_strange_wishes_count_as_none(trader):
    ran(trader)
    for query in ("sort=1;drop", "kind=x&status=y", "q=%00", "page=zz", "strategy=%00"):
        assert 'name="ids"' in page_of(trader, f"{LIST}?{query}")


def test_a_run_under_way_shows_how_far_it_is(trader):
    run = ran(trader)
    Backtest.objects.filter(pk=run.pk).update(status=JobStatus.RUNNING, done=150, total=600, summary={})
    html = page_of(trader, LIST)
    assert "25\u2009%" in html
    assert 'data-open="1"' in html
    assert 'name="ids"' not in html


def test_text_is_never_markup(trader):
    run = ran(trader, name="<script>alert(1)</script>")
    for path in (LIST, f"/backtests/{run.pk}/", f"{NEW}?backtest={run.pk}"):
        assert "<script>alert" not in page_of(trader, path)


# --- the form --------------------------------------------------------------------------------------------------------


def test_a_new_form_is_filled_in_from_the_store_and_the_venue_s_rules(trader):
    html = page_of(trader, NEW)
    assert 'value="GALA/CHZ reversion"' in html or 'value="CHZ/GALA reversion"' in html
    assert re.search(r'name="since" value="2025-01-01T00:00"', html)
    assert re.search(r'name="until" value="2025-01-03T02:00"', html)
    assert re.search(r'name="taker_fee" value="0.05"', html)
    assert re.search(r'name="lot_step1" value="1"', html)
    data = script_data(html, "form-data")
    assert len(data["levels"]) == 6
    assert len(data["spread"]["t"]) > 10
    assert "600" in html


def test_without_candles_it_says_what_is_missing(candle_dir):  # noqa: F811
    html = page_of(make_user(), NEW)
    assert "nothing is stored yet" in html
    assert "backtest-form" not in html


def test_it_answers_what_is_typed_with_figures(trader):
    html = post(trader, do="check").content.decode()
    assert not complaints(html)
    assert "At a glance" in html
    assert script_data(html, "form-data")["spread"]
    assert Backtest.objects.count() == 0


def test_the_figures_of_the_form_are_those_of_the_run(trader):
    html = post(trader, do="check").content.decode()
    run = ran(trader)
    shown = found(r'<b>At a glance</b>.*?<span class="v">([^<]+)</span>', html)
    assert float(shown.replace("\u2212", "-").replace(",", "")) == pytest.approx(
        run.summary["stats"]["net_profit"], abs=0.005
    )


def test_other_markets_bring_their_own_time_and_rules(trader):
    store_pair(400, timeframe="15m", exchange="okx", start=START + timedelta(days=40))
    html = post(trader, do="check", exchange="okx", lot_step1="77").content.decode()
    assert 'name="filled_for" value="okx|GALA/USDT:USDT|CHZ/USDT:USDT|15m"' in html
    assert 'name="since" value="2025-02-10T00:00"' in html
    assert 'name="lot_step1" value="10"' in html


def test_the_quick_choices_reach_back_from_the_last_bar(trader):
    store_pair(20 * 24 * 12, exchange="bybit")
    html = post(trader, do="last:7d", exchange="bybit").content.decode()
    assert 'name="since" value="2025-01-14T00:00"' in html
    assert 'name="until" value="2025-01-21T00:00"' in html


BAD = [
    ({"investment_per_order": "-5"}, "investment_per_order", "above 0"),
    ({"investment_per_order": "NaN"}, "investment_per_order", "Enter a number"),
    ({"investment_per_order": ""}, "investment_per_order", "required"),
    ({"max_position_value": "10"}, "max_position_value", "The first order of both legs needs 200"),
    ({"market2_symbol": GALA}, "market2_symbol", "This is market 1 already"),
    ({"market2_symbol": "NOPE/USDT:USDT"}, "market2_symbol", ""),
    ({"until": "2024-12-31T00:00"}, "until", "after the begin"),
    ({"since": "yesterday"}, "since", "Enter a date and time"),
    ({"profit_ratio": "0"}, "profit_ratio", "above 0"),
    ({"stop_loss_ratio": "-1"}, "stop_loss_ratio", "Enter 0 to"),
    ({"leverage": "7"}, "leverage", "Choose one of"),
    ({"fill": "sometime"}, "fill", "Choose one of"),
    ({"taker_fee": "50"}, "taker_fee", "Enter 0 to 10"),
    ({"slippage_bps": "x"}, "slippage_bps", "Enter a number"),
    ({"start_price1": "1.5"}, "start_price2", "Give both start prices"),
    ({"ladder_spread": [], "ladder_multiplier": []}, "dca_config", "at least one level"),
]


@pytest.mark.parametrize(("changes", "name", "words"), BAD)
def test_bad_input_is_named_beside_its_field_and_nothing_is_started(trader, changes, name, words):
    response = post(trader, **changes)
    html = response.content.decode()
    assert response.status_code == 400
    assert not complaints(html)
    assert words in problems(html, name)
    assert problems(html, name)
    assert not Backtest.objects.exists()


def test_everything_typed_reaches_the_run(trader):
    changes = {
        "leverage": "5", "margin_mode": "isolated", "fill": "close", "slippage_bps": "3.5", "opening": "momentum",
        "use_funding": "false", "min_notional1": "7", "order_type_close": "limit", "restart_after_stop_loss": "true",
    }  # fmt: skip
    run = ran(trader, **changes)
    given = run.summary["parameters"]
    assert (given["leverage"], given["margin_mode"], given["fill"]) == (5, "isolated", "close")
    assert (given["slippage_bps"], given["opening"], given["order_type_close"]) == (3.5, "momentum", "limit")
    assert (given["taker_fee"], given["max_imbalance"], given["min_notional1"]) == (0.0005, 0.05, 7)
    assert given["restart_after_stop_loss"] is True
    assert [rung["spread"] for rung in given["dca_config"]] == [0.5, 0.5, 1.0]
    assert run.use_funding is False
    assert run.owner == trader


def test_a_run_is_filled_in_again_as_it_was(trader):
    run = ran(trader, leverage="5", taker_fee="0.07", fill="close", investment_per_order="250")
    html = page_of(trader, f"{NEW}?backtest={run.pk}")
    for name, value in {"taker_fee": "0.07", "investment_per_order": "250.00", "profit_ratio": "0.40"}.items():
        assert re.search(rf'name="{name}" value="{re.escape(value)}"', html), name
    assert re.search(r'name="leverage" value="5" checked', html)
    assert re.search(r'name="fill" value="close" checked', html)
    assert html.count('name="ladder_spread"') == 3


def test_a_simulated_bot_waits_for_its_market_s_history_and_then_has_it(trader):
    account = make_paper_account(trader)
    bot = make_bot(account=account, bot_name="Mine", timeframe="1h")
    waiting = page_of(trader, f"{NEW}?bot={bot.pk}")
    assert "history is being made" in waiting
    assert f'http-equiv="refresh" content="2;url={NEW}?bot={bot.pk}"' in waiting
    since = int((timezone.now() - timedelta(hours=480)).timestamp() * 1000)
    for symbol in (GALA, CHZ):
        candles.save("paper", symbol, "1h", simulated_shelf.candles_page(symbol, "1h", since_ms=since, limit=479))
    html = page_of(trader, f"{NEW}?bot={bot.pk}")
    assert 'value="Mine"' in html
    assert 'name="filled_for" value="paper|GALA/USDT:USDT|CHZ/USDT:USDT|1h"' in html
    assert "Simulated market candles" in html
    assert 'name="taker_fee" value="0.05"' in html
    assert CandleDownload.objects.count() == 4


def test_another_simulation_s_bot_runs_over_the_candles_of_its_rules(trader):
    make_paper_account(make_user())
    bot = make_bot(account=make_paper_account(trader, paper_config={"seed": 5}))
    assert 'name="filled_for" value="binance|' in page_of(trader, f"{NEW}?bot={bot.pk}")


def test_markets_without_history_lead_to_their_download(trader):
    html = page_of(trader, f"{NEW}?exchange=binance&market1={GALA}&market2=SAND/USDT:USDT&timeframe=5m")
    assert "/data/?exchange=binance&amp;symbol=SAND%2FUSDT%3AUSDT&amp;timeframe=5m" in html
    assert "symbol=GALA" not in html


def test_a_bot_s_own_settings_are_filled_in(trader):
    account = make_paper_account(trader, paper_source=PaperSource.REPLAY)
    bot = make_bot(account=account, bot_name="Mine", leverage=5, investment_per_order=70)
    html = page_of(trader, f"{NEW}?bot={bot.pk}")
    assert 'value="Mine"' in html
    assert 'name="investment_per_order" value="70.00"' in html
    assert re.search(r'name="leverage" value="5" checked', html)
    assert re.search(r'name="bot" value="\d+"', html)


def test_what_stands_in_a_bot_form_can_be_back_tested_unsaved(trader):
    account = make_paper_account(trader, paper_source=PaperSource.REPLAY)
    typed = fields(do="from_bot_form", exchange_account=str(account.pk), bot_name="Draft", market1_symbol="GALA/USDT",
                   market2_symbol="CHZ/USDT", investment_per_order="333")  # fmt: skip
    for name in ("exchange", "filled_for", "since", "until"):
        del typed[name]
    html = client_of(trader).post(NEW, typed).content.decode()
    assert 'value="Draft"' in html
    assert 'name="investment_per_order" value="333"' in html
    assert 'name="filled_for" value="binance|GALA/USDT:USDT|CHZ/USDT:USDT|5m"' in html
    assert not Bot.objects.exists()


def test_viewers_look_on(trader):
    assert client_of(make_viewer()).get(NEW).status_code == 403
    assert f'class="btn btn-main" href="{NEW}"' not in page_of(make_viewer(), LIST)


def test_the_form_costs_a_bounded_number_of_queries(trader):
    client = client_of(trader)
    client.get(NEW)
    with CaptureQueriesContext(connection) as captured:
        client.get(NEW)
    assert len(captured) <= MOST_QUERIES
    assert CandleSet.objects.count() == 2


# --- the report ------------------------------------------------------------------------------------------------------


def test_the_report_tells_everything(trader):
    run = ran(trader)
    html = page_of(trader, f"/backtests/{run.pk}/")
    for words in ("Net P&amp;L", "Max drawdown", "Sharpe", "Win rate", "A back-test is not a promise", "By month"):
        assert words in html, words
    assert "No funding rates of GALA/USDT and CHZ/USDT are stored" in html
    data = script_data(html, "backtest-data")
    assert data["chart"] == f"/backtests/{run.pk}/chart"
    assert data["steps"] == [0.5, 0.5, 1.0]
    for tab, words in {"statistics": "Sortino", "data": "Outage bars", "settings": "Takes profit on"}.items():
        assert words in page_of(trader, f"/backtests/{run.pk}/?tab={tab}")


def test_cycles_unfold_to_their_trades_and_are_paged(trader):
    run = ran(trader, profit_ratio="0.2")
    assert 15 < run.summary["stats"]["cycles"] < 45
    html = page_of(trader, f"/backtests/{run.pk}/")
    assert html.count('class="trades-row"') == 15
    assert html.count('class="trades-row"') == len(re.findall(r'class="trades-row" id="trades-\d+" hidden', html))
    html = page_of(trader, f"/backtests/{run.pk}/?tab=cycles&page=99&cycle=1")
    assert re.search(r'class="trades-row" id="trades-1">', html)
    assert "Open 1" in html


def test_the_chart_gives_curves_and_trades_and_a_closer_look(trader):
    run = ran(trader)
    client = client_of(trader)
    whole = client.get(f"/backtests/{run.pk}/chart").json()
    assert len(whole["t"]) == len(whole["equity"]) == len(whole["spread"]) == run.summary["bars"]
    assert len(whole["trades"]) == run.summary["stats"]["trades"]
    begin, end = whole["t"][100], whole["t"][200]
    part = client.get(f"/backtests/{run.pk}/chart?from={begin}&to={end}").json()
    assert (part["t"][0], part["t"][-1], len(part["t"])) == (begin, end, 101)
    assert part["equity"] == whole["equity"][100:201]
    inside = [trade for trade in whole["trades"] if begin <= trade["t"] <= end]
    assert [trade for trade in part["trades"] if trade["t"] >= begin] == inside


def test_while_it_waits_the_page_follows_it(trader):
    run = ran(trader)
    Backtest.objects.filter(pk=run.pk).update(status=JobStatus.RUNNING, done=150, total=600, summary={})
    html = page_of(trader, f"/backtests/{run.pk}/")
    assert 'role="progressbar"' in html
    assert f'action="/backtests/{run.pk}/cancel"' in html
    assert script_data(html, "backtest-data")["is_open"] is True
    assert client_of(trader).get(f"/backtests/{run.pk}/chart").status_code == 404


def test_a_failed_run_says_why_and_what_to_do(trader):
    run = ran(trader)
    Backtest.objects.filter(pk=run.pk).update(status=JobStatus.FAILED, problems=["data: nothing there"], summary={})
    html = page_of(trader, f"/backtests/{run.pk}/")
    assert "data: nothing there" in html
    assert f'href="{NEW}?backtest={run.pk}"' in html


def test_it_is_canceled_and_deleted(trader):
    run = ran(trader)
    client = client_of(trader)
    Backtest.objects.filter(pk=run.pk).update(status=JobStatus.QUEUED)
    assert client.post(f"/backtests/{run.pk}/cancel")["Location"] == f"/backtests/{run.pk}/"
    run.refresh_from_db()
    assert run.status == JobStatus.CANCELED
    assert "canceled before it was done" in page_of(trader, f"/backtests/{run.pk}/")
    assert client.post(f"/backtests/{run.pk}/delete")["Location"] == LIST
    assert not Backtest.objects.exists()


def test_the_report_is_downloaded(trader):
    run = ran(trader)
    client = client_of(trader)
    assert client.get(f"/backtests/{run.pk}/report?format=json").json()["bars"] == run.summary["bars"]
    html = client.get(f"/backtests/{run.pk}/report?format=html")
    assert html["Content-Disposition"].endswith('.html"')
    assert client.get(f"/backtests/{run.pk}/report?format=exe").status_code == 404


def test_somebody_else_s_is_not_there(trader):
    run = ran(trader)
    other = client_of(make_user())
    for path in ("", "chart", "report"):
        assert other.get(f"/backtests/{run.pk}/{path}").status_code == 404, path
    for path in ("cancel", "delete"):
        assert other.post(f"/backtests/{run.pk}/{path}").status_code == 404, path
    assert other.get(f"{NEW}?backtest={run.pk}").status_code == 404
    assert other.get(f"/bots/new?backtest={run.pk}").status_code == 404
    assert client_of().get(f"/backtests/{run.pk}/").status_code == 302
    assert "GALA" not in other.get(LIST).content.decode()


# --- comparing -------------------------------------------------------------------------------------------------------


def test_runs_are_laid_side_by_side(trader):
    one, two = ran(trader, name="Cheap"), ran(trader, name="Dear", taker_fee="0.5")
    html = page_of(trader, f"{COMPARE}?ids={one.pk},{two.pk}")
    data = script_data(html, "compare-data")
    assert data == script_data(page_of(trader, f"{COMPARE}?ids={one.pk}&ids={two.pk}"), "compare-data")
    assert [curve["name"] for curve in data["curves"]] == ["Cheap", "Dear"]
    capital = one.summary["stats"]["capital"]
    assert data["curves"][0]["pct"][-1] == pytest.approx(one.summary["final_equity"] / capital * 100, abs=1e-3)
    assert html.index("Taker fee") < html.index("Opens on")
    assert html.count('class="differs"') == 1
    assert 'class="n best"' in html
    assert "differ in pair" not in html


def test_a_comparison_needs_two_of_one_s_own(trader):
    run, other = ran(trader), make_user()
    assert "Choose two back-tests or more" in page_of(trader, f"{COMPARE}?ids={run.pk}")
    foreign = ran(other)
    assert "Choose two back-tests or more" in page_of(trader, f"{COMPARE}?ids={run.pk},{foreign.pk}")
    assert "Choose two back-tests or more" in page_of(trader, f"{COMPARE}?ids=x,,99999999999999999999")


# --- a bot from a run ------------------------------------------------------------------------------------------------


def test_a_bot_is_created_from_a_run(trader):
    account = make_paper_account(trader)
    run = ran(trader, leverage="5", name="Good one", profit_mode="regression", profit_ratio="1.25")
    html = page_of(trader, f"/bots/new?backtest={run.pk}")
    assert 'value="Good one"' in html
    assert f'<option value="{account.pk}" selected>' in html
    for name, value in {"market1_symbol": "GALA/USDT", "profit_ratio": "1.25", "max_imbalance": "5.00"}.items():
        assert re.search(rf'name="{name}" value="{re.escape(value)}"', html), name
    assert re.search(r'name="leverage" value="5" checked', html)
    assert re.search(rf'<option value="{DecideOn.CANDLE_CLOSE}" selected', html)
    assert html.count('name="ladder_spread"') == 3


def test_a_strategy_that_no_bot_trades_makes_none(trader):
    run = ran(trader)
    Backtest.objects.filter(pk=run.pk).update(strategy="own")
    assert "Create a bot" not in page_of(trader, f"/backtests/{run.pk}/")
    assert client_of(trader).get(f"/bots/new?backtest={run.pk}").status_code == 404


# --- strategies of one's own -----------------------------------------------------------------------------------------


@pytest.fixture
def own_strategies(settings, tmp_path):
    """The template that `manage.py new_strategy` writes, once for a pair and once for one market."""
    source = Path(template.__file__).read_text(encoding="utf-8")
    settings.STRATEGY_DIR = tmp_path / "strategies"
    settings.STRATEGY_DIR.mkdir()
    pair = source.replace('name = "template"', 'name = "z_pair"')
    single = source.replace('name = "template"', 'name = "z_single"\n    markets = 1')
    (settings.STRATEGY_DIR / "z_pair.py").write_text(pair, encoding="utf-8")
    (settings.STRATEGY_DIR / "z_single.py").write_text(single.replace("tape.closes1 / tape.closes2", "tape.closes1"))


def test_a_strategy_s_own_parameters_have_their_fields(trader, own_strategies):
    html = post(trader, do="check", strategy="z_pair").content.decode()
    assert not complaints(html)
    assert 'name="strategy_params.window" value="240"' in html
    assert "Distance that opens." in html
    assert script_data(html, "form-data")["spread"]
    response = post(trader, strategy="z_pair", **{"strategy_params.entry": "-1", "strategy_params.window": "x"})
    html = response.content.decode()
    assert response.status_code == 400
    assert "must be above 0" in problems(html, "strategy_params.entry")
    assert "must be a number" in problems(html, "strategy_params.window")
    run = ran(trader, strategy="z_pair", **{"strategy_params.entry": "1.5", "strategy_params.window": "60"})
    assert run.summary["parameters"]["strategy_params"] == {"window": 60, "entry": 1.5, "exit": 0.0}
    assert 'name="strategy_params.window" value="60"' in page_of(trader, f"{NEW}?backtest={run.pk}")
    assert "60 bars" in page_of(trader, f"/backtests/{run.pk}/?tab=settings")


def test_a_strategy_of_one_market_needs_no_second(trader, own_strategies):
    run = ran(trader, strategy="z_single", **{"strategy_params.window": "60", "strategy_params.entry": "1"})
    assert run.market2_symbol == ""
    for tab in ("cycles", "statistics", "data", "settings"):
        assert "CHZ" not in page_of(trader, f"/backtests/{run.pk}/?tab={tab}").replace("GALA/CHZ reversion", "")
    assert client_of(trader).get(f"/backtests/{run.pk}/chart").json()["trades"]


def test_a_strategy_of_one_market_shows_what_it_heeds_alone(trader):
    html = post(trader, do="strategy", strategy="dca").content.decode()
    assert not complaints(html)
    assert html.count('name="ladder_multiplier"') == BUILT_IN_BY_NAME["dca"].levels
    shown = set(re.findall(r'name="(\w+)"', html))
    assert {"investment_per_order", "profit_ratio", "lot_step1", "start_price1"} <= shown
    assert not {"opening", "profit_mode", "preset", "lot_step2", "min_amount2", "start_price2"} & shown
    assert "Investment per order, each leg" not in html
    chosen = post(trader, do="strategy", strategy="spread").content.decode()
    assert {"opening", "profit_mode", "preset", "lot_step2"} <= set(re.findall(r'name="(\w+)"', chosen))


def test_its_first_order_alone_has_to_fit_under_the_cap(trader, own_strategies):
    good = {"strategy": "z_single", "strategy_params.window": "60", "ladder_spread": ["1"], "ladder_multiplier": ["1"]}
    ran(trader, **good, max_position_value="100")
    html = post(trader, **good, max_position_value="99.99").content.decode()
    assert "The first order needs 100" in problems(html, "max_position_value")


# --- size of orders --------------------------------------------------------------------------------------------------


def test_a_way_of_sizing_has_its_fields(trader):
    assert 'name="sizing.capital"' not in page_of(trader, NEW)
    html = post(trader, do="sizing", **{"sizing.mode": "kelly"}).content.decode()
    assert not complaints(html)
    assert set(re.findall(r'name="sizing\.(\w+)"', html)) == {"mode", "capital", "share", "kelly", "least", "most"}
    html = post(trader, **{"sizing.mode": "equity", "sizing.share": "0", "sizing.capital": "x"}).content.decode()
    assert "must be above 0" in problems(html, "sizing.share")
    assert "must be a number" in problems(html, "sizing.capital")
    assert not Backtest.objects.exists()


def test_a_run_opens_as_large_as_its_sizing_says(trader):
    chosen = {"sizing.mode": "equity", "sizing.capital": "2,000", "sizing.share": "4"}
    html = post(trader, do="check", **chosen).content.decode()
    assert "The first cycle opens with" in html
    told = re.search(r"opens with ([\d.]+) USDT a leg", html)
    assert told is not None
    assert float(told[1]) == pytest.approx(80, abs=0.5)
    run = ran(trader, **chosen)
    sizing = run.summary["parameters"]["sizing"]
    assert (sizing["mode"], sizing["capital"], sizing["share"]) == ("equity", 2000.0, 4.0)
    first = client_of(trader).get(f"/backtests/{run.pk}/chart").json()["trades"][0]
    assert abs(first["q1"]) * first["p1"] == pytest.approx(80, rel=0.02)
    again = page_of(trader, f"{NEW}?backtest={run.pk}")
    assert re.search(r'name="sizing.capital" value="2,000(\.00)?"', again)


def test_a_bot_s_sizing_is_taken_over(trader):
    account = make_paper_account(trader, paper_source=PaperSource.REPLAY)
    bot = make_bot(account=account, sizing={"mode": "equity", "capital": 3000.0, "share": 7.0})
    assert re.search(r'name="sizing.share" value="7(\.00)?"', page_of(trader, f"{NEW}?bot={bot.pk}"))


def test_a_search_keeps_the_sizing_of_the_run_that_it_began_from(trader):
    run = ran(trader, **{"sizing.mode": "equity", "sizing.share": "4"})
    html = page_of(trader, f"/backtests/search/new?backtest={run.pk}")
    assert 'name="sizing.mode" value="equity"' in html
    assert 'name="sizing.share" value="4' in html
