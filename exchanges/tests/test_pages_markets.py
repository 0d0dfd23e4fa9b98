"""The pages of markets: of a paper account, of an exchange that answers, and of one that does not."""

import json
import re
from typing import Any

import pytest

from bots.tests.factories import GALA, make_user
from bots.tests.page_client import client_of, page_of
from exchanges.pages.markets_view import MarketLine, MarketQuery, MarketSource, market_lines
from exchanges.tests.series import candle_dir, replay_account, simulated_account, stored_pair  # noqa: F401
from exchanges.tests.wire.accounts import SERVERS, live_account, serving

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])


@pytest.fixture(params=sorted(SERVERS))
def exchange(request: Any) -> str:
    return str(request.param)


@pytest.fixture
def server(exchange: str, settings: Any) -> Any:
    with serving(exchange, settings) as server:
        yield server


def names_on(html: str) -> list[str]:
    return re.findall(r'data-symbol="([^"]+)"', html)


def embedded(html: str, name: str) -> Any:
    found = re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


# --- list ------------------------------------------------------------------------------------------------------------


def test_the_user_s_own_market_comes_first() -> None:
    user = make_user()
    simulated_account(user, label="Mine")
    html = page_of(user, "/markets/")
    assert len(names_on(html)) == 10
    assert '<option value="okx">' in html
    assert "perpetual, up to 75×" in html
    assert "Funding" in html


@pytest.mark.parametrize(
    ("wish", "first"),
    [("q=gala", [GALA]), ("q=GALA-USDT", [GALA]), ("q=nothing", []), ("sort=name", ["AVAX/USDT:USDT"])],
)
def test_markets_are_found_and_sorted(wish: str, first: list[str]) -> None:
    user = make_user()
    simulated_account(user)
    html = page_of(user, f"/markets/?{wish}")
    assert names_on(html)[:1] == first
    assert ("No market fits this search." in html) == (first == [])


def test_every_order_puts_the_largest_or_the_smallest_first() -> None:
    source = MarketSource("paper", simulated_account(make_user()))
    for name, figure in (("volume", "volume"), ("change", "change"), ("funding", "rate"), ("width", "width")):
        falling = [getattr(line, figure) for line in market_lines(source, MarketQuery(sort=f"-{name}"))]
        rising = [getattr(line, figure) for line in market_lines(source, MarketQuery(sort=name))]
        assert falling == sorted(falling, reverse=True)
        assert rising == sorted(rising)


def test_what_is_not_known_comes_last(stored_pair: Any) -> None:  # noqa: F811
    """Two days are recorded of neither market: without change and volume they stay in the list."""
    lines: list[MarketLine] = market_lines(MarketSource("paper", replay_account(make_user())), MarketQuery())
    assert [(line.name, line.volume) for line in lines] == [("CHZ/USDT", None), ("GALA/USDT", None)]
    assert all(line.price for line in lines)


def test_public_prices_need_no_account(server: Any, exchange: str) -> None:
    html = page_of(make_user(), f"/markets/?source={exchange}")
    assert set(names_on(html)) == {"CHZ/USDT:USDT", GALA}
    assert "+25.00" in html
    assert "+0.0100" in html


def test_spot_has_no_funding(server: Any, exchange: str) -> None:
    html = page_of(make_user(), f"/markets/?source={exchange}&type=spot")
    assert set(names_on(html)) == {"CHZ/USDT", "GALA/USDT"}
    assert "Funding" not in html


def test_an_exchange_that_does_not_answer(exchange: str) -> None:
    html = page_of(make_user(), f"/markets/?source={exchange}")
    assert "No prices now: the exchange does not answer." in html
    assert client_of(make_user()).get(f"/markets/prices?source={exchange}").status_code == 503


def test_a_paper_account_says_that_it_has_no_spot() -> None:
    user = make_user()
    simulated_account(user)
    assert "A paper account trades perpetual swaps only." in page_of(user, "/markets/?type=spot")


def test_live_prices_of_the_rows_shown() -> None:
    user = make_user()
    account = simulated_account(user)
    prices = client_of(user).get(f"/markets/prices?source={account.pk}&q=gala").json()
    assert set(prices) == {GALA}
    assert set(prices[GALA]) == {"price", "change", "width"}
    assert prices[GALA]["price"] > 0


def test_somebody_else_s_account_is_not_offered() -> None:
    account = simulated_account(make_user(), label="Theirs")
    user = make_user()
    assert "Theirs" not in page_of(user, f"/markets/?source={account.pk}")
    assert client_of(user).get(f"/markets/paper/GALA-USDT/?account={account.pk}").status_code == 404


def test_the_list_costs_few_queries(django_assert_max_num_queries: Any) -> None:
    user = make_user()
    simulated_account(user)
    client = client_of(user)
    client.get("/markets/")
    with django_assert_max_num_queries(12):
        assert client.get("/markets/").status_code == 200


# --- one market ------------------------------------------------------------------------------------------------------


def test_a_made_market_has_candles_and_says_that_it_has_no_book() -> None:
    user = make_user()
    account = simulated_account(user)
    html = page_of(user, f"/markets/paper/GALA-USDT/?account={account.pk}")
    chart = embedded(html, "market-chart")
    assert (len(chart["candles"]), chart["is_made"], chart["digits"]) == (300, True, 5)
    assert chart["query"] == f"type=swap&exchange_account={account.pk}"
    assert "has no order book and no trades of others" in html
    assert "Funding paid in the last 7 days" in html
    assert "longs pay shorts" in html or "shorts pay longs" in html
    assert 'name="market1" value="GALA/USDT:USDT"' in html
    assert "/data/?exchange=" in html


def test_a_market_of_an_exchange(server: Any, exchange: str) -> None:
    html = page_of(make_user(), f"/markets/{exchange}/GALA-USDT/")
    assert 'id="book-asks"' in html
    assert 'id="market-trades"' in html
    assert "▲" not in html  # the arrow is drawn by the style sheet
    assert "higher than a day ago" in html
    assert "0.00001" in html
    assert 'action="/bots/new"' in html


def test_a_spot_market_cannot_be_paired(server: Any, exchange: str) -> None:
    html = page_of(make_user(), f"/markets/{exchange}/GALA-USDT/?type=spot")
    assert 'name="market2"' not in html
    assert "Funding" not in html


def test_a_market_of_a_real_account(server: Any, exchange: str) -> None:
    user = make_user()
    account = live_account(user, exchange)
    html = page_of(user, f"/markets/{exchange}/GALA-USDT/?account={account.pk}")
    assert embedded(html, "market-chart")["query"].endswith(f"exchange_account={account.pk}")


def test_a_market_that_cannot_be_seen(exchange: str) -> None:
    html = page_of(make_user(), f"/markets/{exchange}/GALA-USDT/")
    assert "No prices now: the exchange does not answer." in html
    assert "market-chart" not in html


@pytest.mark.parametrize("path", ["paper/NOPE-USDT", "paper/***", "nowhere/GALA-USDT", "okx/GALA-USDT"])
def test_what_is_no_market(path: str) -> None:
    user = make_user()
    account = simulated_account(user)
    assert client_of(user).get(f"/markets/{path}/?account={account.pk}").status_code == 404


def test_viewers_look_and_cannot_pair() -> None:
    viewer = make_user(role="viewer")
    account = simulated_account(viewer)
    html = page_of(viewer, f"/markets/paper/GALA-USDT/?account={account.pk}")
    assert "Pair it" not in html
    assert "Download history" not in html
