"""Bots over REST: whose they are, what may be sent, what each verb answers."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from accounts.tests.clients import anonymous, bearer
from bots.api.settings_schema import BOUNDS
from bots.feed import keys as feed_keys
from bots.models import Bot, BotStatus, Intent
from bots.settings.fields import READERS
from bots.strategies.registry import BUILT_IN
from bots.tests.factories import CHZ, GALA, SIX_LEVELS, ladder, make_bot, make_paper_account, make_user, make_viewer
from exchanges.models import ExchangeAccount
from trading.models import Position, TradeLog

pytestmark = pytest.mark.django_db(databases=["default", "paper"])

LIST = "/api/v1/bots"


@pytest.fixture
def user():
    return make_user()


@pytest.fixture
def api(user):
    return bearer(user)


@pytest.fixture
def account(user) -> ExchangeAccount:
    return make_paper_account(user)


@pytest.fixture
def bot(api, account) -> Bot:
    """Made over the API, as users do."""
    return Bot.objects.get(pk=api.post(LIST, wish(account), format="json").json()["id"])


def wish(account: ExchangeAccount, **changes: Any) -> dict[str, Any]:
    return {
        "bot_name": "GALA/CHZ",
        "exchange_account": account.pk,
        "market1_symbol": "GALA-USDT",
        "market2_symbol": "CHZ/USDT",
        "start_time": "2025-02-11T21:00:00Z",
        "investment_per_order": "100",
        "max_position_value": "2040.00",
        "dca_config": SIX_LEVELS,
    } | changes


def path(bot: Bot, *more: str) -> str:
    return "/".join([LIST, str(bot.pk), *more])


def hold(bot: Bot, **changes: Any) -> None:
    """Books one level, short the spread."""
    Bot.objects.filter(pk=bot.pk).update(**({"level": 1, "side": -1, "invested": 100} | changes))
    for leg, side in ((1, "short"), (2, "long")):
        Position.objects.create(
            bot=bot,
            account=bot.exchange_account,
            cycle_number=1,
            leg=leg,
            symbol=bot.symbol_of(leg),
            side=side,
            amount=1000,
            cost=35,
            entry_price=Decimal("0.035"),
            opened_at=timezone.now(),
        )


class TestCreate:
    def test_answers_the_whole_bot(self, api, account, user):
        answer = api.post(LIST, wish(account, leverage=5), format="json")
        assert answer.status_code == 201
        shown = answer.json()
        expected = {
            "owner": user.pk,
            "exchange_account": account.pk,
            "exchange_account2": None,
            "market1_symbol": GALA,
            "market2_symbol": CHZ,
            "start_time": "2025-02-11T21:00:00Z",
            "investment_per_order": "100",
            "max_position_value": "2040",
            "leverage": 5,
            "max_dca_times": 6,
            "profit_mode": "position",
            "profit_ratio": "1",
            "stop_loss_ratio": "10",
            "status": "stopped",
            "current_cycle": 1,
            "level": 0,
            "side": 0,
            "total_profit": "0",
            "total_trades": 0,
            "figures": None,
        }
        assert shown | expected == shown
        assert Decimal(shown["market1_start_price"]) > 0
        assert not any(name.startswith("lease") for name in shown)
        assert api.get(f"{LIST}/{shown['id']}/").json() == shown

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"market1_symbol": "NOSUCHCOIN-USDT"}, "market1_symbol"),
            ({"market1_symbol": "***"}, "market1_symbol"),
            ({"market2_symbol": 7}, "market2_symbol"),
            ({"market2_symbol": "GALA/USDT:USDT"}, "market2_symbol"),
            ({"investment_per_order": "-100"}, "investment_per_order"),
            ({"investment_per_order": 0}, "investment_per_order"),
            ({"investment_per_order": "1e30"}, "investment_per_order"),
            ({"investment_per_order": "NaN"}, "investment_per_order"),
            ({"investment_per_order": True}, "investment_per_order"),
            ({"investment_per_order": {"amount": 1}}, "investment_per_order"),
            ({"max_position_value": "150"}, "max_position_value"),
            ({"max_position_value": None}, "max_position_value"),
            ({"max_dca_times": 0}, "max_dca_times"),
            ({"max_dca_times": 21}, "max_dca_times"),
            ({"max_dca_times": 2.5}, "max_dca_times"),
            ({"dca_config": SIX_LEVELS[:2]}, "dca_config"),
            ({"dca_config": []}, "dca_config"),
            ({"dca_config": "1,1,1"}, "dca_config"),
            ({"dca_config": [1, 2, 3, 4, 5, 6]}, "dca_config"),
            ({"dca_config": ladder(*[(1, 1)] * 21)}, "dca_config"),
            ({"dca_config": ladder((-1, 1)), "max_dca_times": 1}, "dca_config"),
            ({"start_time": "2999-01-01T00:00:00Z"}, "start_time"),
            ({"start_time": "2009-06-01T00:00:00Z"}, "start_time"),
            ({"start_time": "yesterday"}, "start_time"),
            ({"start_time": -1}, "start_time"),
            ({"profit_ratio": 0}, "profit_ratio"),
            ({"profit_ratio": "-1"}, "profit_ratio"),
            ({"stop_loss_ratio": "-1"}, "stop_loss_ratio"),
            ({"leverage": 7}, "leverage"),
            ({"leverage": 10**40}, "leverage"),
            ({"bot_name": ""}, "bot_name"),
            ({"bot_name": "x" * 81}, "bot_name"),
            ({"opening": "sideways"}, "opening"),
            ({"strategy": "martingale"}, "strategy"),
            ({"exchange_account": 0}, "exchange_account"),
            ({"exchange_account": "mine"}, "exchange_account"),
            ({"exchange_account": 10**30}, "exchange_account"),
            ({"exchange_account": [1]}, "exchange_account"),
            ({"exchange_account2": 999_999_999}, "exchange_account2"),
            ({"tick_interval": 0}, "tick_interval"),
            ({"pause_after_close": "perhaps"}, "pause_after_close"),
        ],
    )
    def test_bad_values_are_named_by_field_and_nothing_is_written(self, api, account, changes, field):
        answer = api.post(LIST, wish(account, **changes), format="json")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
        assert list(answer.json()["errors"]) == [field]
        assert all(isinstance(text, str) and text for text in answer.json()["errors"][field])
        assert (Bot.objects.count(), PeriodicTask.objects.count(), TradeLog.objects.count()) == (0, 0, 0)

    def test_everything_wrong_is_said_at_once(self, api, account):
        answer = api.post(LIST, wish(account, leverage=7, max_dca_times=0, bot_name=""), format="json")
        assert sorted(answer.json()["errors"]) == ["bot_name", "leverage", "max_dca_times"]

    @pytest.mark.parametrize("body", [[], [{}], "text", 7, None])
    def test_what_is_no_object(self, api, body):
        assert api.post(LIST, body, format="json").status_code == 400

    def test_somebody_else_s_account_is_as_unknown_as_none(self, api, account):
        stolen = make_paper_account()
        answers = [
            api.post(LIST, wish(account, exchange_account=number), format="json").json()
            for number in (stolen.pk, 999_999_999)
        ]
        assert answers[0] == answers[1]
        assert list(answers[0]["errors"]) == ["exchange_account"]

    def test_state_cannot_be_sent(self, api, account, user):
        sent = wish(account, status="running", level=3, side=1, total_profit="1000", owner=make_user().pk, id=1)
        shown = api.post(LIST, sent, format="json").json()
        assert (shown["status"], shown["level"], shown["total_profit"]) == ("stopped", 0, "0")
        assert Bot.objects.get().owner == user


class TestChange:
    def test_a_part(self, api, bot):
        answer = api.patch(path(bot), {"profit_ratio": "0.8"}, format="json")
        assert (answer.status_code, answer.json()["profit_ratio"]) == (200, "0.8")

    def test_the_whole_needs_what_creating_needs(self, api, bot, account):
        assert api.put(path(bot), wish(account, bot_name="Renamed"), format="json").json()["bot_name"] == "Renamed"
        answer = api.put(path(bot), {"bot_name": "Again"}, format="json")
        assert answer.status_code == 400
        assert sorted(answer.json()["errors"]) == [
            "dca_config",
            "exchange_account",
            "investment_per_order",
            "market1_symbol",
            "market2_symbol",
            "max_position_value",
            "start_time",
        ]

    def test_what_was_read_can_be_sent_back(self, api, bot):
        shown = api.get(path(bot)).json()
        answer = api.put(path(bot), shown, format="json")
        assert answer.status_code == 200
        assert answer.json() == shown

    def test_the_pair_stays_while_a_position_is_open(self, api, bot):
        hold(bot)
        answer = api.patch(path(bot), {"market1_symbol": "SAND-USDT"}, format="json")
        assert answer.status_code == 400
        assert "market1_symbol" in answer.json()["errors"]

    def test_get_me_out_is_for_positions(self, api, bot):
        hold(bot)
        assert api.patch(path(bot), {"profit_ratio": "0"}, format="json").status_code == 200

    def test_delete(self, api, bot):
        assert api.delete(path(bot)).status_code == 204
        assert api.get(path(bot)).status_code == 404
        assert not PeriodicTask.objects.filter(name__contains=str(bot.pk)).exists()

    def test_a_bot_with_a_position_is_not_deleted(self, api, bot):
        hold(bot)
        answer = api.delete(path(bot))
        assert (answer.status_code, answer.json()["code"]) == (409, "in_position")
        assert Bot.objects.filter(pk=bot.pk).exists()


class TestLife:
    def test_start_pause_start_stop(self, api, bot):
        steps = ["start", "pause", "start", "stop"]
        answers = [api.post(path(bot, step)) for step in steps]
        assert [answer.status_code for answer in answers] == [200] * 4
        assert [answer.json()["status"] for answer in answers] == ["running", "paused", "running", "stopped"]

    def test_twice_is_refused(self, api, bot):
        api.post(path(bot, "start"))
        answer = api.post(path(bot, "start"))
        assert (answer.status_code, answer.json()["code"]) == (409, "wrong_status")

    def test_measuring_from_here(self, api, bot):
        answer = api.post(path(bot, "start"), {"reset_reference": True}, format="json")
        assert answer.json()["reference_spread"] != 0

    def test_what_stands_in_the_way_is_said(self, api, bot):
        ExchangeAccount.objects.update(is_active=False)
        answer = api.post(path(bot, "start"))
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
        assert answer.json()["errors"]["non_field_errors"]
        bot.refresh_from_db()
        assert bot.status == BotStatus.STOPPED

    def test_closing_nothing_is_refused(self, api, bot):
        answer = api.post(path(bot, "close-positions"))
        assert (answer.status_code, answer.json()["code"]) == (409, "no_position")

    @pytest.mark.parametrize("place", ["body", "header"])
    def test_the_same_key_closes_once(self, api, bot, place):
        hold(bot)
        body = {"idempotency_key": "one"} if place == "body" else {}
        headers = {"HTTP_IDEMPOTENCY_KEY": "one"} if place == "header" else {}
        answers = [api.post(path(bot, "close-positions"), body, format="json", **headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [202, 202]
        assert answers[0].json() == answers[1].json()
        assert (answers[0].json()["status"], answers[0].json()["idempotency_key"]) == ("waiting", "one")
        assert Intent.objects.count() == 1

    def test_a_key_that_is_no_key(self, api, bot):
        hold(bot)
        answer = api.post(path(bot, "close-positions"), HTTP_IDEMPOTENCY_KEY="x" * 65)
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["idempotency_key"])

    def test_a_running_bot_is_not_deleted(self, api, bot):
        api.post(path(bot, "start"))
        answer = api.delete(path(bot))
        assert (answer.status_code, answer.json()["code"]) == (409, "running")


class TestLook:
    def test_last_figures_are_shown(self, api, bot):
        cache.set(feed_keys.figures_key(bot.pk), {"spread": 1.5}, 60)
        assert api.get(path(bot)).json()["figures"] == {"spread": 1.5}
        assert api.get(LIST).json()["results"][0]["figures"] == {"spread": 1.5}

    def test_statistics_of_a_fresh_bot(self, api, bot):
        found = api.get(path(bot, "stats")).json()
        assert (found["cycles"], found["realised"], found["win_rate"]) == (0, "0", None)

    def test_preview_writes_nothing(self, api, account):
        answer = api.post(f"{LIST}/preview", wish(account), format="json")
        assert answer.status_code == 200
        shown = answer.json()
        assert (shown["errors"], len(shown["levels"]), len(shown["markets"])) == ({}, 6, 2)
        assert not Bot.objects.exists()

    def test_preview_of_half_a_bot_names_what_is_missing(self, api, account):
        shown = api.post(f"{LIST}/preview?range=24h", {"exchange_account": account.pk}, format="json").json()
        assert {"market1_symbol", "dca_config"} <= set(shown["errors"])
        assert (shown["markets"], shown["levels"]) == (None, [])

    @pytest.mark.parametrize(("query", "status"), [("range=1y", 400), ("bot=x", 400), ("bot=999999999", 404)])
    def test_preview_with_a_bad_query(self, api, query, status):
        assert api.post(f"{LIST}/preview?{query}", {}, format="json").status_code == status

    def test_strategies_with_their_parameters(self, api):
        answer = api.get("/api/v1/strategies/").json()
        assert (answer["count"], answer["results"][0]["name"]) == (len(BUILT_IN), "spread")
        parameters = answer["results"][0]["parameters"]
        assert parameters["properties"]["dca_config"]["maxItems"] == 20
        assert parameters["properties"]["profit_mode"]["enum"] == ["regression", "position"]
        assert parameters["properties"]["pause_after_close"]["default"] is True

    @pytest.mark.parametrize("name", BOUNDS)
    def test_the_schema_s_bounds_are_those_that_hold(self, name):
        low, high, above = BOUNDS[name]
        READERS[name](high)
        beyond = [str(Decimal(high) + 1), low if above else str(Decimal(low) - 1)]
        for value in beyond:
            with pytest.raises(ValidationError):
                READERS[name](value)
        if not above:
            READERS[name](low)


class TestList:
    def test_filters(self, api, account):
        running = make_bot(account=account, status=BotStatus.RUNNING)
        other = make_bot(account=account, market1_symbol="BTC/USDT:USDT")
        holding = make_bot(account=account, level=1, side=1)

        def found(query: str) -> list[int]:
            return [row["id"] for row in api.get(f"{LIST}/?{query}").json()["results"]]

        assert found("") == [holding.pk, other.pk, running.pk]
        assert found("ordering=id") == [running.pk, other.pk, holding.pk]
        assert found("status=running") == [running.pk]
        assert found("in_position=true") == [holding.pk]
        assert found("symbol=btc") == [other.pk]
        assert found(f"exchange_account={account.pk}&page_size=1&page=3") == [running.pk]
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert found(f"created_after={tomorrow}") == []
        assert len(found(f"created_before={tomorrow}")) == 3

    @pytest.mark.parametrize("query", ["status=happy", "created_after=x", "exchange_account=x", "page=0", "symbol=%00"])
    def test_bad_queries(self, api, account, query):
        answer = api.get(f"{LIST}?{query}")
        assert answer.status_code in (400, 404)
        assert set(answer.json()) == {"detail", "code", "errors"}

    def test_queries_do_not_grow_with_the_rows(self, api, account):
        for _ in range(30):
            make_bot(account=account)
        with CaptureQueriesContext(connection) as queries:
            assert api.get(LIST).json()["count"] == 30
        assert len(queries) <= 12


OF_ONE = [
    ("get", "/api/v1/bots/{id}"),
    ("put", "/api/v1/bots/{id}"),
    ("patch", "/api/v1/bots/{id}"),
    ("delete", "/api/v1/bots/{id}"),
    ("post", "/api/v1/bots/{id}/start"),
    ("post", "/api/v1/bots/{id}/pause"),
    ("post", "/api/v1/bots/{id}/stop"),
    ("post", "/api/v1/bots/{id}/close-positions"),
    ("get", "/api/v1/bots/{id}/stats"),
    ("post", "/api/v1/bots/preview?bot={id}"),
]
OF_ALL = [
    ("get", "/api/v1/bots"),
    ("post", "/api/v1/bots"),
    ("get", "/api/v1/strategies"),
]


class TestNobodyElses:
    @pytest.mark.parametrize(("method", "template"), OF_ONE)
    def test_somebody_else_s_bot_is_not_found(self, method, template):
        bot = make_bot(status=BotStatus.RUNNING)
        hold(bot)
        before = Bot.objects.values().get()
        answer = getattr(bearer(make_user()), method)(template.format(id=bot.pk), {"bot_name": "Mine"}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert Bot.objects.values().get() == before
        assert not Intent.objects.exists()

    def test_the_list_shows_one_s_own_only(self):
        make_bot()
        assert bearer(make_user()).get(LIST).json() == {"count": 0, "next": None, "previous": None, "results": []}

    @pytest.mark.parametrize(("method", "template"), OF_ONE + OF_ALL)
    def test_nobody_without_logging_in(self, method, template):
        answer = getattr(anonymous(), method)(template.format(id=make_bot().pk), {}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")

    @pytest.mark.parametrize(("method", "template"), [each for each in OF_ONE + OF_ALL if each[0] != "get"])
    def test_viewers_change_nothing(self, method, template):
        bot = make_bot(make_viewer(), status=BotStatus.RUNNING)
        before = Bot.objects.values().get()
        answer = getattr(bearer(bot.owner), method)(template.format(id=bot.pk), {"bot_name": "New"}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
        assert Bot.objects.values().get() == before

    def test_viewers_look(self):
        bot = make_bot(make_viewer())
        assert bearer(bot.owner).get(path(bot)).status_code == 200
