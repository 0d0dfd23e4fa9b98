"""The form of a search, the page of one, its drawings, and what its buttons do."""

import json
import re
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from bots.tests.factories import make_bot, make_user, make_viewer
from bots.tests.page_client import client_of, page_of
from exchanges.models import JobStatus
from exchanges.tests.series import CHZ, GALA, candle_dir, stored_pair  # noqa: F401
from trading.models import Backtest, Trial
from trading.searches import services
from trading.searches.chunks import Next, chunk_run

pytestmark = [pytest.mark.django_db(databases=["default", "paper"]), pytest.mark.usefixtures("stored_pair")]

NEW = "/backtests/search/new"
LADDER = [{"times": 1, "spread": 0.6, "multiplier": 1.0}, {"times": 2, "spread": 0.6, "multiplier": 1.5}]
PARAMETERS = {
    "investment_per_order": "100",
    "max_position_value": "600",
    "dca_config": LADDER,
    "max_dca_times": 2,
    "profit_ratio": "0.5",
    "stop_loss_ratio": "10",
    "pause_after_close": False,
    "restart_after_stop_loss": True,
    "taker_fee": "0.0005",
    "slippage_bps": "1",
}
SPACE = {
    "profit_ratio": {"low": 0.3, "high": 0.9, "step": 0.2},
    "dca_config.spread_factor": {"values": [0.8, 1.0, 1.3]},
}


def search_of(user: Any, *, run: bool = True, **search: Any) -> Backtest:
    data = {
        "name": "GALA/CHZ search",
        "exchange": "binance",
        "market1_symbol": GALA,
        "market2_symbol": CHZ,
        "timeframe": "5m",
        "parameters": PARAMETERS,
        "search": {"method": "grid", "space": SPACE, "min_cycles": 1, "folds": 2} | search,
    }
    backtest = services.search_create(actor=user, data=data, now=timezone.now())
    if run:
        elapsed = iter(range(100_000))
        while chunk_run(backtest.pk, 0, now=timezone.now, timer=lambda: next(elapsed) / 1000) is not Next.END:
            pass
    backtest.refresh_from_db()
    return backtest


def fields_of(html: str) -> dict[str, Any]:
    """What a browser would send of the form as it stands."""
    sent: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", html):
        name, value = _attribute(tag, "name"), _attribute(tag, "value") or ""
        is_box = 'type="radio"' in tag or 'type="checkbox"' in tag
        if name and (not is_box or " checked" in tag):
            sent.setdefault(name, []).append(value)
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', html, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', options) or re.search(
            r'<option value="([^"]*)"', options
        )
        if chosen:
            sent[name] = [chosen[1]]
    return sent


def _attribute(tag: str, name: str) -> str | None:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return found[1] if found else None


def text_of(html: str) -> str:
    main = re.sub(r"<script.*?</script>", "", html.split("<main")[1].split("</main")[0], flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


# --- the form --------------------------------------------------------------------------------------------------------


def test_the_form_counts_its_sets_and_starts_the_search() -> None:
    user = make_user()
    html = page_of(user, NEW)
    assert "7 × 16 : every combination" in text_of(html) or "7 × 16: every combination" in text_of(html)
    assert "112" in text_of(html)
    client = client_of(user)
    answer = client.post(NEW, fields_of(html) | {"do": "run", "min_cycles": "1"})
    assert answer.status_code == 302, text_of(answer.content.decode())
    search = Backtest.objects.get()
    assert (search.kind, search.total, search.owner) == ("search", 112, user)
    assert search.search.space.keys() == {"profit_ratio", "dca_config.spread_factor"}
    assert search.search.space["dca_config.spread_factor"] == {"low": 0.5, "high": 2.0, "step": 0.1}
    assert answer["Location"] == f"/backtests/{search.pk}/"


def test_it_is_filled_in_from_a_bot_a_run_and_a_search() -> None:
    user = make_user()
    bot = make_bot(user, dca_config=LADDER, max_dca_times=2, profit_ratio="1.7")
    html = page_of(user, f"{NEW}?bot={bot.pk}")
    assert 'name="profit_ratio" value="1.70"' in html
    search = search_of(user, run=False, method="tpe", sets=9, seed=7)
    again = page_of(user, f"{NEW}?backtest={search.pk}")
    sent = fields_of(again)
    assert (sent["method"], sent["sets"], sent["seed"]) == (["tpe"], ["9"], ["7"])
    assert sent["how:dca_config.spread_factor"] == ["values"]
    assert sent["values:dca_config.spread_factor"] == ["0.8 1 1.3"]
    assert (sent["low:profit_ratio"], sent["high:profit_ratio"]) == (["0.3"], ["0.9"])


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"low:profit_ratio": "5"}, "problems-profit_ratio", "low must be below high"),
        ({"step:profit_ratio": "abc"}, "problems-profit_ratio", "must be a number"),
        ({"folds": "99"}, "problems-folds", "whole number"),
        ({"out_of_sample_pct": "95"}, "problems-out_of_sample_pct", "whole number"),
        ({"investment_per_order": "x"}, "problems-investment_per_order", "number"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(changes: dict[str, str], field: str, sentence: str) -> None:
    client = client_of(make_user())
    sent = fields_of(client.get(NEW).content.decode())
    answer = client.post(NEW, sent | changes | {"do": "run"})
    assert answer.status_code == 400
    part = re.search(rf'data-part="{field}"[^>]*>(.*?)</span></span>', answer.content.decode(), re.S)
    assert part, field
    assert sentence in part[1]
    assert not Backtest.objects.exists()


def test_scripts_get_the_form_alone_with_the_count_of_the_moment() -> None:
    client = client_of(make_user())
    sent = fields_of(client.get(NEW).content.decode()) | {"step:dca_config.spread_factor": "0.5", "do": "check"}
    answer = client.post(NEW, sent, headers={"X-Requested-With": "fetch"})
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "<html" not in html
    assert '<b class="num">28</b>' in html


def test_viewers_start_nothing() -> None:
    assert client_of(make_viewer()).get(NEW).status_code == 403
    assert client_of().get(NEW).status_code == 302


# --- the page --------------------------------------------------------------------------------------------------------


def test_a_finished_search_shows_both_sides_of_every_set() -> None:
    user = make_user()
    search = search_of(user)
    assert (search.status, search.done) == (JobStatus.DONE, 12)
    text = text_of(page_of(user, f"/backtests/{search.pk}/"))
    assert "Grid over 12 sets for Return over drawdown" in text
    assert "2 folds, the last 25 % of each kept back" in text
    for word in ("Best sets", "out", "Walked forward", "Score over two parameters", "All parameters at once"):
        assert word in text
    assert "Take profit" in text
    assert "profit_ratio" not in text
    assert Trial.objects.filter(search_id=search.pk).count() == 12


def test_a_waiting_search_can_be_canceled_and_gone_on_with() -> None:
    user = make_user()
    search = search_of(user, run=False)
    client = client_of(user)
    html = page_of(user, f"/backtests/{search.pk}/")
    assert "Waits for its turn" in html
    assert "0 of 12 sets" in text_of(html)
    data = json.loads(re.search(r'id="search-data"[^>]*>(.*?)</script>', html)[1])  # type: ignore[index]
    assert data["socket"] == f"/api/v1/ws/backtest/{search.pk}"
    client.post(f"/backtests/{search.pk}/cancel")
    text = text_of(page_of(user, f"/backtests/{search.pk}/"))
    assert "Canceled after 0 of 12 sets" in text
    assert "Go on" in text
    assert client.post(f"/backtests/{search.pk}/resume").status_code == 302
    search.refresh_from_db()
    assert search.status == JobStatus.QUEUED


def test_the_drawings_data() -> None:
    user = make_user()
    search = search_of(user)
    client = client_of(user)
    query = {"x": "profit_ratio", "y": "dca_config.spread_factor", "of": "oos_score"}
    found = client.get(f"/backtests/{search.pk}/map", query).json()
    assert (len(found["xs"]), len(found["ys"]), len(found["cells"])) == (4, 3, 12)
    assert found["of"] == "oos_score"
    assert client.get(f"/backtests/{search.pk}/map", {"x": "profit_ratio", "y": "profit_ratio"}).status_code == 400
    lines = client.get(f"/backtests/{search.pk}/parallel").json()
    assert len(lines["rows"]) <= 12
    assert [axis["name"] for axis in lines["dimensions"]] == ["dca_config.spread_factor", "profit_ratio"]


def test_a_set_becomes_a_back_test_and_a_bot() -> None:
    user = make_user()
    search = search_of(user)
    trial = Trial.objects.filter(search_id=search.pk, score__isnull=False).order_by("-score").first()
    assert trial is not None
    client = client_of(user)
    answer = client.post(f"/backtests/{search.pk}/sets/{trial.number}/run")
    run = Backtest.objects.get(kind="run")
    assert answer["Location"] == f"/backtests/{run.pk}/"
    assert float(run.parameters["profit_ratio"]) == trial.values["profit_ratio"]
    factor = trial.values["dca_config.spread_factor"]
    assert run.parameters["dca_config"][0]["spread"] == pytest.approx(0.6 * factor)
    html = page_of(user, f"/bots/new?backtest={search.pk}&set={trial.number}")
    assert f'value="{trial.values["profit_ratio"]:.2f}"' in html
    assert client.get(f"/bots/new?backtest={search.pk}&set=999999").status_code == 404


@pytest.mark.parametrize("rest", ["", "map?x=profit_ratio&y=dca_config.spread_factor", "parallel"])
def test_somebody_else_s_search_is_not_found(rest: str) -> None:
    search = search_of(make_user(), run=False)
    outsider = client_of(make_user())
    assert outsider.get(f"/backtests/{search.pk}/{rest}").status_code == 404
    for action in ("resume", "sets/0/run", "cancel"):
        assert outsider.post(f"/backtests/{search.pk}/{action}").status_code == 404


def test_every_name_has_a_word_in_chinese_pages_too() -> None:
    user = make_user(language="zh-hans")
    search = search_of(user)
    with override_settings(LANGUAGE_CODE="zh-hans"):
        assert "<h1>GALA/CHZ search</h1>" in page_of(user, f"/backtests/{search.pk}/")


def test_viewers_see_a_search_and_no_buttons() -> None:
    """A trader who became a viewer keeps what is theirs, to look at."""
    user = make_user()
    search = search_of(user)
    type(user).objects.filter(pk=user.pk).update(role="viewer")
    user.refresh_from_db()
    html = page_of(user, f"/backtests/{search.pk}/")
    assert "Best sets" in html
    for path in ("resume", "/sets/", "searches-new", f"backtest={search.pk}"):
        assert path not in html.split("<main")[1].split("</main")[0]
    assert client_of(user).post(f"/backtests/{search.pk}/sets/0/run").status_code == 403
