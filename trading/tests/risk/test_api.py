"""Limits, kill switch and stress table over REST."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, Role
from accounts.tests.clients import bearer as api_client
from accounts.tests.second_factors import with_second_factor
from bots.tests.factories import CHZ, GALA, make_bot, make_user, make_viewer
from trading.models import Position, RiskLimits, Scope, TradingSwitch

pytestmark = pytest.mark.django_db

D = Decimal


def make_open_bot(owner: Any = None, **fields: Any) -> Any:
    """Short the spread: GALA rose 10 %, CHZ 4 %."""
    bot = make_bot(owner, level=1, side=-1, invested=D(100), **fields)
    common = {"bot": bot, "account": bot.exchange_account, "cycle_number": 1, "opened_at": timezone.now()}
    Position.objects.create(
        leg=1, symbol=GALA, side="short", amount=D(2000), cost=D(-70), entry_price=D("0.035"),
        current_price=D("0.0385"), unrealized_pnl=D(-7), **common,
    )  # fmt: skip
    Position.objects.create(
        leg=2, symbol=CHZ, side="long", amount=D(1000), cost=D(85), entry_price=D("0.085"),
        current_price=D("0.0884"), unrealized_pnl=D("3.4"), **common,
    )  # fmt: skip
    return bot


def test_a_user_sets_limits_and_sees_how_near_they_are() -> None:
    bot = make_open_bot()
    client = api_client(bot.owner)
    sent = {"max_gross_exposure": "200", "max_open_pairs": 5, "allowed_symbols": ["gala-usdt"], "warn_at": 50}
    answer = client.put("/api/v1/risk/", sent, format="json")
    assert answer.status_code == 200
    body = answer.json()
    assert body["limits"] | sent == body["limits"] | {"allowed_symbols": ["gala-usdt"]}
    assert body["limits"]["allowed_symbols"] == [GALA]
    gross = next(usage for usage in body["usage"] if usage["rule"] == "max_gross_exposure")
    assert (gross["value"], gross["limit"], gross["share_used"], gross["is_near"]) == ("165.4", "200", "0.827", True)
    assert (gross["scope"], gross["is_admin"], gross["blocks"], gross["does"]) == ("user", False, False, "refuses")
    entry = AuditEntry.objects.get(action="risk_limits.set")
    assert entry.details["after"]["max_gross_exposure"] == "200"
    client.put("/api/v1/risk", {"max_open_pairs": None}, format="json")
    row = RiskLimits.objects.get()
    assert (row.max_open_pairs, row.max_gross_exposure) == (None, D(200))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_gross_exposure", "-1"),
        ("max_gross_exposure", "0"),
        ("max_gross_exposure", "NaN"),
        ("max_gross_exposure", True),
        ("max_gross_exposure", "1e12"),
        ("max_loss_day", "0.123456789"),
        ("max_equity_share", {}),
        ("max_open_pairs", "1.5"),
        ("max_open_pairs", 10**9),
        ("cooldown_minutes", None),
        ("max_leverage", 126),
        ("allowed_symbols", ["no market!"]),
        ("allowed_symbols", [1]),
        ("allowed_exchanges", ["kraken"]),
        ("drawdown_from", "valley"),
        ("warn_at", 101),
    ],
)
def test_what_is_not_right_is_named_by_field_and_nothing_is_written(field: str, value: Any) -> None:
    answer = api_client(make_user()).put("/api/v1/risk/", {field: value, "max_order_value": "5"}, format="json")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert not RiskLimits.objects.exists()


def test_limits_of_an_account_and_a_bot() -> None:
    bot = make_open_bot()
    client = api_client(bot.owner)
    RiskLimits.objects.create(scope=Scope.BOT, bot=bot, is_admin=True, max_leverage=3)
    for scope, pk in (("account", bot.exchange_account_id), ("bot", bot.pk), ("user", bot.owner_id)):
        answer = client.put(f"/api/v1/risk/limits/{scope}/{pk}", {"max_order_value": "50"}, format="json")
        assert answer.status_code == 200
        assert answer.json()["limits"]["max_order_value"] == "50"
    assert client.get(f"/api/v1/risk/limits/bot/{bot.pk}").json()["admin_limits"]["max_leverage"] == 3
    used = client.get("/api/v1/risk/").json()["usage"]
    assert [(usage["scope"], usage["rule"]) for usage in used] == [
        ("bot", "max_leverage"),
        ("user", "max_order_value"),
        ("account", "max_order_value"),
        ("bot", "max_order_value"),
    ]
    assert (used[0]["is_admin"], used[0]["blocks"]) == (True, True)


@pytest.mark.parametrize("method", ["get", "put"])
def test_somebody_elses_limits_are_not_found(method: str) -> None:
    bot = make_open_bot()
    client = api_client(make_user())
    for scope, pk in (("account", bot.exchange_account_id), ("bot", bot.pk), ("user", bot.owner_id), ("moon", 1)):
        answer = getattr(client, method)(f"/api/v1/risk/limits/{scope}/{pk}", {}, format="json")
        assert answer.status_code == 404
    wish = {"scope": "bot", "id": bot.pk, "state": "halted"}
    assert client.post("/api/v1/risk/kill-switch", wish, format="json").status_code == 404
    assert not RiskLimits.objects.exists()


def test_viewers_look_and_change_nothing() -> None:
    client = api_client(make_viewer())
    assert client.get("/api/v1/risk/").status_code == 200
    assert client.get("/api/v1/risk/stress").status_code == 200
    assert client.put("/api/v1/risk/", {"max_open_pairs": 1}, format="json").status_code == 403
    assert client.post("/api/v1/risk/kill-switch", {"state": "halted"}, format="json").status_code == 403


def test_the_kill_switch_of_the_user_a_bot_and_the_installation() -> None:
    bot = make_open_bot()
    client = api_client(bot.owner)
    answer = client.post("/api/v1/risk/kill-switch", {"state": "halted", "reason": "news"}, format="json")
    assert answer.status_code == 200
    assert (answer.json()["scope"], answer.json()["state"], answer.json()["bots"]) == ("user", "halted", [])
    wish = {"scope": "bot", "id": bot.pk, "state": "reducing", "flatten": True}
    assert client.post("/api/v1/risk/kill-switch", wish, format="json").json()["bots"] == [bot.pk]
    states = {(state["scope"], state["state"]) for state in client.get("/api/v1/risk/").json()["states"]}
    assert states == {("user", "halted"), ("account", "active"), ("bot", "reducing")}
    everybody = {"scope": "installation", "state": "halted"}
    assert client.post("/api/v1/risk/kill-switch", everybody, format="json").status_code == 403
    admin = api_client(make_user(role=Role.ADMIN))
    assert admin.post("/api/v1/risk/kill-switch", everybody, format="json").status_code == 200
    assert TradingSwitch.objects.count() == 3


def test_the_stress_table_says_what_shocks_would_do() -> None:
    bot = make_open_bot()
    body = api_client(bot.owner).get("/api/v1/risk/stress").json()
    (pair,) = body["pairs"]
    assert (pair["bot"], pair["gross"], pair["net"]) == (bot.pk, "165.4", "11.4")
    assert pair["spread"] == pytest.approx(6.0)
    # 3 pp each leg: 2000 * 0.035 * 3 % + 1000 * 0.085 * 3 %
    assert pair["spread_doubled"] == "-4.65"
    assert (pair["market_up"], pair["market_down"], pair["leg_halted"]) == ("1.14", "-1.14", "-8.84")
    assert body["totals"][0]["spread_doubled"] == "-4.65"
    assert pair["betas"] == [{"symbol": GALA, "beta": None}, {"symbol": CHZ, "beta": None}]
    assert body["totals"][0]["betas"] == []


def test_paper_and_live_are_never_in_one_sum() -> None:
    bot = make_open_bot()
    client = api_client(bot.owner)
    client.put("/api/v1/risk/", {"max_gross_exposure": "1000"}, format="json")
    assert client.get("/api/v1/risk/?kind=live").json()["usage"][0]["value"] == "0"
    assert client.get("/api/v1/risk/stress?kind=live").json()["pairs"] == []


def test_the_risk_answer_costs_few_queries(django_assert_max_num_queries: Any) -> None:
    bot = make_open_bot()
    RiskLimits.objects.create(
        scope=Scope.USER, owner=bot.owner, max_gross_exposure=1, max_net_exposure=1, max_open_pairs=1,
        max_order_value=1, max_equity_share=1, max_loss_day=1, max_loss_week=1, max_drawdown=1,
        max_orders_per_minute=1, cooldown_losses=1, churn_cycles=1, max_leverage=1,
    )  # fmt: skip
    client = api_client(bot.owner)
    with django_assert_max_num_queries(28):
        assert len(client.get("/api/v1/risk/").json()["usage"]) == 12


def test_a_limit_is_loosened_only_with_the_second_factor_where_there_is_one() -> None:
    user = make_user()
    client = api_client(user)
    client.put("/api/v1/risk/", {"max_open_pairs": 2}, format="json")
    with_second_factor(user)
    assert client.put("/api/v1/risk/", {"max_open_pairs": 1}, format="json").status_code == 200
    for looser in ({"max_open_pairs": 3}, {"max_open_pairs": None}, {"measure_anew": True}):
        answer = client.put("/api/v1/risk/", looser, format="json")
        assert (answer.status_code, answer.json()["code"]) == (403, "otp_required")
    assert RiskLimits.objects.get().max_open_pairs == 1
