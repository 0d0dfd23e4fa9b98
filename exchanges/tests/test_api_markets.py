"""Market data of the real exchanges over REST: without an account, cached, every kind of market."""

from typing import Any

import pytest

from accounts.tests.clients import anonymous, bearer
from bots.tests.factories import CHZ, GALA, make_user
from exchanges.tests.wire.accounts import SERVERS, live_account, serving
from exchanges.tests.wire.server import WireServer

pytestmark = pytest.mark.django_db


@pytest.fixture(params=sorted(SERVERS))
def exchange(request: Any) -> str:
    return str(request.param)


@pytest.fixture
def server(exchange: str, settings: Any) -> Any:
    with serving(exchange, settings) as server:
        yield server


@pytest.fixture
def api() -> Any:
    return bearer(make_user())


def data(api: Any, exchange: str, what: str) -> Any:
    answer = api.get(f"/api/v1/markets/{exchange}/{what}")
    assert answer.status_code == 200, answer.content
    return answer.json()["data"]


def test_markets_and_tickers_need_no_account(api: Any, server: WireServer, exchange: str) -> None:
    markets = {row["symbol"]: row for row in data(api, exchange, "markets")}
    assert list(markets) == [CHZ, GALA]
    assert markets[GALA]["price_tick"] == "0.00001"
    tickers = data(api, exchange, "tickers")
    assert [(row["symbol"], row["bid"], row["ask"]) for row in tickers][1] == (GALA, "0.01999", "0.02001")
    ticker = data(api, exchange, "ticker/GALA-USDT")
    assert ticker["last"] == "0.02"
    assert 0 <= ticker["age_ms"] < 60_000


def test_spot_has_markets_of_its_own(api: Any, server: WireServer, exchange: str) -> None:
    assert [row["symbol"] for row in data(api, exchange, "markets?type=spot")] == ["CHZ/USDT", "GALA/USDT"]
    dated = {base: f"{base}/USDT:USDT-281229" for base in ("CHZ", "GALA")} if exchange == "okx" else {}
    assert [row["symbol"] for row in data(api, exchange, "markets?type=future")] == list(dated.values())


@pytest.mark.parametrize("exchange", ["okx", "bybit"])
def test_options_can_be_looked_at(api: Any, server: WireServer, exchange: str) -> None:
    (market,) = data(api, exchange, "markets?type=option")
    assert (market["base"], market["active"]) == ("BTC", True)
    (ticker,) = data(api, exchange, "tickers?type=option")
    assert ticker["symbol"] == market["symbol"]
    assert data(api, exchange, f"ticker/{market['symbol']}?type=option")["bid"] == ticker["bid"]


def test_binance_has_no_options_here(api: Any, settings: Any) -> None:
    with serving("binance", settings):
        assert data(api, "binance", "markets?type=option") == []


def test_amounts_are_coins_everywhere(api: Any, server: WireServer, exchange: str) -> None:
    """A contract at OKX is ten coins."""
    factor = 10 if exchange == "okx" else 1
    book = data(api, exchange, "orderbook/GALA-USDT?limit=5")
    rests = str(int(server.market.contracts["GALA"].rests) * factor)
    assert book["bids"][:2] == [["0.01999", rests], ["0.01998", rests]]
    assert (len(book["bids"]), len(book["asks"]), book["asks"][0][0]) == (5, 5, "0.02001")
    ticker = data(api, exchange, "ticker/GALA-USDT")
    assert ticker["bid_size"] == "5000"
    (trade,) = data(api, exchange, "trades/GALA-USDT")
    assert (trade["price"], trade["symbol"], trade["trade_id"]) == ("0.02", GALA, "7")
    assert trade["amount"] == ("30" if exchange == "okx" else "10" if exchange == "binance" else "3")


def test_candles_in_order_and_closed(api: Any, server: WireServer, exchange: str) -> None:
    rows = data(api, exchange, "ohlcv/GALA-USDT?timeframe=5m&limit=3")
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    assert (len(rows), rows[0]["open"]) == (3, "0.02")


def test_funding(api: Any, server: WireServer, exchange: str) -> None:
    row = data(api, exchange, "funding/GALA-USDT")
    assert (row["symbol"], row["rate"]) == (GALA, "0.0001")
    assert row["next_at"].endswith("00:00Z")


def test_funding_that_was_paid(api: Any, server: WireServer, exchange: str) -> None:
    hour = 3_600_000
    last = server.now_ms() // (8 * hour) * 8 * hour
    server.funding["GALA"] = [(last - n * 8 * hour, f"0.0000{n}") for n in (3, 2, 1)]
    row = data(api, exchange, "funding/GALA-USDT")
    assert [rate["rate"] for rate in row["history"]] == ["0.00003", "0.00002", "0.00001"]
    assert row["history"][0]["at"] < row["history"][1]["at"] < row["next_at"]
    newest = data(api, exchange, "funding/GALA-USDT?limit=1")["history"]
    assert newest == row["history"][-1:]
    assert data(api, exchange, "funding/GALA-USDT?limit=0")["history"] == []
    since = row["history"][1]["at"]
    assert data(api, exchange, f"funding/GALA-USDT?since={since}")["history"] == row["history"][1:]


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ("ticker/NOPE-USDT", 404),
        ("orderbook/NOPE-USDT", 404),
        ("orderbook/GALA-USDT?limit=0", 400),
        ("orderbook/***", 400),
        ("trades/GALA-USDT?limit=501", 400),
        ("funding/GALA-USDT?type=spot", 422),
        ("ohlcv/GALA-USDT?type=bond", 400),
        ("markets?exchange_account=99999", 404),
    ],
)
def test_what_cannot_be_answered(api: Any, server: WireServer, exchange: str, what: str, status: int) -> None:
    answer = api.get(f"/api/v1/markets/{exchange}/{what}")
    assert (answer.status_code, set(answer.json())) == (status, {"detail", "code", "errors"})


@pytest.mark.parametrize("what", ["orderbook", "trades", "funding"])
def test_nobody_without_logging_in(exchange: str, what: str) -> None:
    assert anonymous().get(f"/api/v1/markets/{exchange}/{what}/GALA-USDT").status_code == 401


def test_a_silent_exchange_is_unavailable(api: Any, exchange: str) -> None:
    answer = api.get(f"/api/v1/markets/{exchange}/markets")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_many_who_look_are_one_request(server: WireServer, exchange: str) -> None:
    for _ in range(10):
        api = bearer(make_user())
        for what in ("markets", "tickers", "ticker/GALA-USDT", "orderbook/GALA-USDT", "funding/GALA-USDT"):
            data(api, exchange, what)
    public = [request.path for request in server.requests]
    assert all(public.count(path) <= 4 for path in set(public))


def test_the_account_that_is_named_must_be_one_s_own(api: Any, server: WireServer, exchange: str) -> None:
    other = live_account(make_user(), exchange)
    assert api.get(f"/api/v1/markets/{exchange}/markets?exchange_account={other.pk}").status_code == 404
    user = make_user()
    own = live_account(user, exchange)
    assert data(bearer(user), exchange, f"markets?exchange_account={own.pk}")
