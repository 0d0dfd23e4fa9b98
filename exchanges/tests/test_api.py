"""Exchange accounts over REST: whose they are, what may be sent, that secrets never come back."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.clients import anonymous, bearer
from bots.tests.factories import CHZ, GALA, make_bot, make_paper_account, make_user, make_viewer
from exchanges.models import ExchangeAccount
from exchanges.tests.wire.accounts import SERVERS, serving

pytestmark = pytest.mark.django_db(databases=["default", "paper"])

LIST = "/api/v1/exchanges"
PAPER = {"exchange": "paper", "label": "Mine", "paper_source": "simulated"}
KEYS = {"api_key": "KEY-abcdef-123456", "api_secret": "SECRET-zyxwvu-987654"}
LIVE = {"exchange": "binance", "label": "Main", **KEYS}


@pytest.fixture
def user():
    return make_user()


@pytest.fixture
def api(user):
    return bearer(user)


@pytest.fixture
def account(user):
    return make_paper_account(user)


def path(account: Any, *more: str) -> str:
    return "/".join([LIST, str(account.pk), *more])


@pytest.mark.parametrize("venue", sorted(SERVERS))
def test_a_paper_account_on_live_quotes(api, venue, settings):
    body = PAPER | {"paper_source": "live", "paper_venue": venue, "paper_config": {"initial_balance": "2500"}}
    with serving(venue, settings):
        answer = api.post(LIST, body, format="json")
        assert answer.status_code == 201
        assert (answer.json()["paper_source"], answer.json()["paper_venue"]) == ("live", venue)
        number = answer.json()["id"]
        checked = api.post(f"{LIST}/{number}/test").json()
        assert checked["ok"] is True
        assert "2 perpetual swaps" in checked["message"]
        assert api.get(f"{LIST}/{number}/ping").status_code == 200
        balance = api.get(f"/api/v1/account/{number}/balance").json()["data"]
        pages = {
            part: api.get(f"/api/v1/markets/paper/{part}") for part in ("markets", "tickers", "orderbook/GALA-USDT")
        }
    assert float(balance["equity"]) == 2500
    assert {part: page.status_code for part, page in pages.items()} == dict.fromkeys(pages, 200)


class TestCreate:
    def test_a_simulated_paper_account(self, api, user):
        answer = api.post(LIST, PAPER, format="json")
        assert answer.status_code == 201
        assert answer.json() == api.get(f"{LIST}/{answer.json()['id']}").json()
        expected = {"exchange": "paper", "label": "Mine", "is_paper": True, "has_credentials": False}
        assert answer.json() | expected == answer.json()
        assert ExchangeAccount.objects.get().owner == user

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "exchange"),
            (PAPER | {"exchange": "mtgox"}, "exchange"),
            (PAPER | {"exchange": ["paper"]}, "exchange"),
            (PAPER | {"label": ""}, "label"),
            (PAPER | {"label": "x" * 61}, "label"),
            (PAPER | {"label": 7}, "label"),
            (PAPER | {"api_key": "x"}, "api_key"),
            (PAPER | {"is_active": "perhaps"}, "is_active"),
            (PAPER | {"paper_venue": "paper"}, "paper_venue"),
            (PAPER | {"paper_source": "dreams"}, "paper_source"),
            (PAPER | {"paper_config": {"initial_balance": "-5"}}, "initial_balance"),
            (PAPER | {"paper_config": {"nonsense": 1}}, "nonsense"),
            (PAPER | {"paper_config": [1]}, "paper_config"),
            (LIVE | {"api_secret": ""}, "api_secret"),
            (LIVE | {"exchange": "okx"}, "passphrase"),
        ],
    )
    def test_bad_values_are_named_by_field_and_nothing_is_written(self, api, body, field):
        answer = api.post(LIST, body, format="json")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
        assert field in answer.json()["errors"]
        assert not ExchangeAccount.objects.exists()

    def test_a_label_is_unique_for_one_user_and_exchange(self, api):
        assert api.post(LIST, PAPER, format="json").status_code == 201
        again = api.post(LIST, PAPER, format="json")
        assert (again.status_code, list(again.json()["errors"])) == (400, ["label"])
        assert bearer(make_user()).post(LIST, PAPER, format="json").status_code == 201

    def test_owner_and_check_cannot_be_sent(self, api, user):
        sent = PAPER | {"owner": make_user().pk, "last_check_ok": True, "venue_uid": "7"}
        account = ExchangeAccount.objects.get(pk=api.post(LIST, sent, format="json").json()["id"])
        assert (account.owner, account.last_check_ok, account.venue_uid) == (user, None, "")


class TestSecrets:
    def test_are_never_answered(self, api):
        created = api.post(LIST, LIVE, format="json")
        account = ExchangeAccount.objects.get()
        new = {"api_secret": "ANOTHER-secret-55", "label": "Main 2"}
        answers = [
            created,
            api.get(LIST),
            api.get(path(account)),
            api.patch(path(account), new, format="json"),
            api.put(path(account), LIVE, format="json"),
            api.post(path(account, "test")),
            api.post(LIST, LIVE, format="json"),
        ]
        texts = "".join(answer.content.decode() for answer in answers)
        for secret in (*KEYS.values(), new["api_secret"]):
            assert not any(secret[i : i + 5] in texts for i in range(len(secret) - 5))
        assert created.json()["has_credentials"] is True

    def test_a_secret_that_is_left_out_stays(self, api):
        api.post(LIST, LIVE, format="json")
        account = ExchangeAccount.objects.get()
        assert api.patch(path(account), {"label": "Renamed"}, format="json").status_code == 200
        after = ExchangeAccount.objects.get()
        assert (after.label, after.api_key, after.api_secret) == ("Renamed", account.api_key, account.api_secret)


class TestChange:
    def test_label_and_activity(self, api, account):
        answer = api.patch(path(account), {"label": "New", "is_active": False}, format="json")
        assert (answer.status_code, answer.json()["label"], answer.json()["is_active"]) == (200, "New", False)

    def test_a_whole_account_names_its_exchange_and_label(self, api, account):
        answer = api.put(path(account), {"is_active": True}, format="json")
        assert (answer.status_code, sorted(answer.json()["errors"])) == (400, ["exchange", "label"])

    def test_the_exchange_stays(self, api, account):
        answer = api.patch(path(account), {"exchange": "okx"}, format="json")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["exchange"])

    def test_delete(self, api, account):
        assert api.delete(path(account)).status_code == 204
        assert api.get(path(account)).status_code == 404

    def test_an_account_in_use_is_not_deleted(self, api, account):
        make_bot(account=account)
        answer = api.delete(path(account))
        assert (answer.status_code, answer.json()["code"]) == (409, "account_in_use")
        assert ExchangeAccount.objects.filter(pk=account.pk).exists()


class TestVenue:
    def test_test_keeps_its_result(self, api, account):
        answer = api.post(path(account, "test")).json()
        assert (answer["ok"], answer["exchange_account"]) == (True, account.pk)
        shown = api.get(path(account)).json()
        assert (shown["last_check_ok"], shown["last_checked_at"]) == (True, answer["checked_at"])

    def test_ping_tells_the_venue_s_time_and_keeps_nothing(self, api, account):
        answer = api.get(path(account, "ping")).json()
        assert answer["exchange_account"] == account.pk
        assert answer["round_trip_ms"] > 0
        assert api.get(path(account)).json()["last_checked_at"] is None

    @pytest.mark.parametrize("name", ["number", "paper"])
    def test_connect_by_number_or_by_exchange(self, api, account, name):
        wanted = account.pk if name == "number" else name
        answer = api.post(f"{LIST}/connect?exchange_id={wanted}")
        assert (answer.status_code, answer.json()["ok"]) == (200, True)

    def test_connect_wants_a_number_where_there_are_several(self, api, account, user):
        make_paper_account(user)
        answer = api.post(f"{LIST}/connect?exchange_id=paper")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["exchange_id"])

    @pytest.mark.parametrize(("name", "status"), [("okx", 404), ("nowhere", 404), ("0", 404), ("", 400), (None, 400)])
    def test_connect_to_what_the_user_has_not(self, api, name, status):
        query = "" if name is None else f"?exchange_id={name}"
        assert api.post(f"{LIST}/connect{query}").status_code == status

    def test_a_live_account_whose_exchange_does_not_answer(self, api):
        api.post(LIST, LIVE, format="json")
        answer = api.get(path(ExchangeAccount.objects.get(), "ping"))
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")

    def test_balance_and_positions(self, api, account):
        balance = api.get(f"/api/v1/account/{account.pk}/balance").json()["data"]
        coins = [{"currency": "USDT", "total": "10000", "free": "10000"}]
        assert balance == {"currency": "USDT", "total": "10000", "equity": "10000", "free": "10000", "coins": coins}
        assert api.get(f"/api/v1/account/{account.pk}/balance?type=spot").json()["code"] == "kind_not_traded"
        assert api.get(f"/api/v1/account/{account.pk}/positions").json() == {"data": []}

    def test_supported_exchanges(self, api):
        found = {row["exchange"]: row["secrets"] for row in api.get(f"{LIST}/supported").json()["results"]}
        assert found == {
            "okx": ["api_key", "api_secret", "passphrase"],
            "binance": ["api_key", "api_secret"],
            "bybit": ["api_key", "api_secret"],
            "paper": [],
        }


class TestMarketData:
    def test_markets_with_their_rules(self, api, account):
        markets = {row["symbol"]: row for row in api.get("/api/v1/markets/paper/markets").json()["data"]}
        assert {GALA, CHZ} <= set(markets)
        assert (markets[GALA]["settle"], markets[GALA]["price_tick"]) == ("USDT", "0.00001")

    @pytest.mark.parametrize("name", ["GALA-USDT", "GALA/USDT", GALA, "gala/usdt"])
    def test_a_ticker_in_every_spelling(self, api, account, name):
        ticker = api.get(f"/api/v1/markets/paper/ticker/{name}").json()["data"]
        assert ticker["symbol"] == GALA
        assert float(ticker["bid"]) < float(ticker["ask"])

    def test_tickers(self, api, account):
        every = api.get("/api/v1/markets/paper/tickers").json()["data"]
        assert [row["symbol"] for row in every] == sorted(row["symbol"] for row in every)
        some = api.get("/api/v1/markets/paper/tickers?symbols=GALA-USDT,CHZ/USDT").json()["data"]
        assert [row["symbol"] for row in some] == [CHZ, GALA]

    def test_closed_candles(self, api, account):
        rows = api.get("/api/v1/markets/paper/ohlcv/GALA-USDT?timeframe=1m&limit=3").json()["data"]
        assert len(rows) <= 3
        assert all(float(row["low"]) <= float(row["open"]) <= float(row["high"]) for row in rows)

    @pytest.mark.parametrize(
        ("what", "status"),
        [
            ("nowhere/markets", 404),
            ("okx/markets", 503),
            ("paper/orderbook/GALA-USDT", 422),
            ("paper/trades/GALA-USDT", 422),
            ("paper/ticker/NOPE-USDT", 404),
            ("paper/ticker/***", 400),
            ("paper/ticker/GALA-USDT?type=bond", 400),
            ("paper/ticker/GALA-USDT?type=spot", 404),
            ("paper/markets?exchange_account=0", 400),
            ("paper/tickers?symbols=%00", 400),
            ("paper/ohlcv/GALA-USDT?timeframe=2s", 400),
            ("paper/ohlcv/GALA-USDT?limit=0", 400),
            ("paper/ohlcv/GALA-USDT?since=yesterday", 400),
        ],
    )
    def test_what_cannot_be_answered(self, api, account, what, status):
        answer = api.get(f"/api/v1/markets/{what}")
        assert (answer.status_code, set(answer.json())) == (status, {"detail", "code", "errors"})

    def test_another_user_s_account_is_no_source(self, api):
        other = make_paper_account()
        assert api.get("/api/v1/markets/paper/markets").status_code == 404
        assert api.get(f"/api/v1/markets/paper/markets?exchange_account={other.pk}").status_code == 404


ENDPOINTS = [
    ("get", "/api/v1/exchanges/{id}"),
    ("put", "/api/v1/exchanges/{id}"),
    ("patch", "/api/v1/exchanges/{id}"),
    ("delete", "/api/v1/exchanges/{id}"),
    ("post", "/api/v1/exchanges/{id}/test"),
    ("get", "/api/v1/exchanges/{id}/ping"),
    ("post", "/api/v1/exchanges/connect?exchange_id={id}"),
    ("get", "/api/v1/account/{id}/balance"),
    ("get", "/api/v1/account/{id}/positions"),
]
GENERAL = [
    ("get", "/api/v1/exchanges"),
    ("post", "/api/v1/exchanges"),
    ("get", "/api/v1/exchanges/supported"),
    ("get", "/api/v1/markets/paper/markets"),
    ("get", "/api/v1/markets/paper/tickers"),
    ("get", "/api/v1/markets/paper/ticker/GALA-USDT"),
    ("get", "/api/v1/markets/paper/ohlcv/GALA-USDT"),
]


class TestNobodyElses:
    @pytest.mark.parametrize(("method", "template"), ENDPOINTS)
    def test_somebody_else_s_account_is_not_found(self, account, method, template):
        body = PAPER | {"label": "Stolen"}
        answer = getattr(bearer(make_user()), method)(template.format(id=account.pk), body, format="json")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        before = account.label
        account.refresh_from_db()
        assert (account.label, account.last_checked_at) == (before, None)

    def test_the_list_shows_one_s_own_only(self, account):
        assert bearer(make_user()).get(LIST).json()["results"] == []

    @pytest.mark.parametrize(("method", "template"), ENDPOINTS + GENERAL)
    def test_nobody_without_logging_in(self, account, method, template):
        answer = getattr(anonymous(), method)(template.format(id=account.pk), PAPER, format="json")
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")

    @pytest.mark.parametrize(("method", "template"), [e for e in ENDPOINTS + GENERAL if e[0] != "get"])
    def test_viewers_change_nothing(self, method, template):
        own = make_paper_account(make_viewer())
        answer = getattr(bearer(own.owner), method)(template.format(id=own.pk), PAPER, format="json")
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
        assert list(ExchangeAccount.objects.values_list("label", flat=True)) == [own.label]

    def test_viewers_look(self):
        own = make_paper_account(make_viewer())
        assert bearer(own.owner).get(path(own)).status_code == 200


class TestList:
    def test_filters_and_order(self, api, user):
        for label in ("b", "a"):
            make_paper_account(user, label=label)
        make_paper_account(user, label="c", is_active=False)
        found = api.get(f"{LIST}/?is_active=true&ordering=label&exchange=paper").json()
        assert [row["label"] for row in found["results"]] == ["a", "b"]
        assert (found["count"], found["next"], found["previous"]) == (2, None, None)

    @pytest.mark.parametrize(
        "query", ["exchange=mtgox", "page=0", "page=99", "page=x", "page_size=0", "page_size=x", "page_size="]
    )
    def test_bad_queries(self, api, query):
        answer = api.get(f"{LIST}?{query}")
        assert answer.status_code in (400, 404)
        assert set(answer.json()) == {"detail", "code", "errors"}

    def test_pages(self, api, user):
        for _ in range(3):
            make_paper_account(user)
        page = api.get(f"{LIST}?page_size=2").json()
        assert (page["count"], len(page["results"])) == (3, 2)
        assert len(api.get(page["next"]).json()["results"]) == 1

    def test_queries_do_not_grow_with_the_rows(self, api, user):
        for _ in range(20):
            make_paper_account(user)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            rows = json.loads(api.get(LIST).content)["results"]
        assert len(rows) == 20
        assert len(queries) <= 12
