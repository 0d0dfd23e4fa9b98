"""The risk page: figures beside their limits, the kill switch, the form, and who may do what."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.tests.clients import bearer
from bots.tests.factories import make_bot, make_paper_account, make_user, make_viewer
from bots.tests.page_client import client_of, page_of
from trading.models import Cycle, RiskLimits, Scope, TradingSwitch
from trading.tests.risk.test_api import make_open_bot

pytestmark = pytest.mark.django_db(databases=["default", "paper"])

D = Decimal
EMPTY = {"drawdown_from": "peak", "cooldown_minutes": "60", "churn_minutes": "60", "warn_at": "80"}


def test_limits_stand_beside_their_figures_with_what_they_do() -> None:
    bot = make_open_bot(bot_name="Alpha")
    RiskLimits.objects.create(scope=Scope.USER, owner=bot.owner, max_gross_exposure=D(170), max_open_pairs=5)
    RiskLimits.objects.create(scope=Scope.ACCOUNT, account=bot.exchange_account, max_net_exposure=D(10), is_admin=True)
    html = page_of(bot.owner, "/risk/")
    for text in (
        "165.40",
        "170.00",
        "Near",
        "Reached",
        "set by an administrator",
        "Room",
        "All your accounts",
        "−4.65",
    ):
        assert text in html
    assert html.index("Net exposure") < html.index("Refuses the order that would exceed it")


def test_without_limits_it_says_what_to_do() -> None:
    user = make_user()
    html = page_of(user, "/risk/")
    assert "No limit is set here" in html
    assert "a shock would change nothing" in html


def test_the_form_sets_changes_and_clears_limits() -> None:
    bot = make_open_bot()
    client = client_of(bot.owner)
    sent = EMPTY | {"of": "user", "max_gross_exposure": "1,500", "max_open_pairs": "3", "allowed_symbols": "gala/usdt"}
    assert client.post("/risk/limits", sent).status_code == 302
    row = RiskLimits.objects.get()
    assert (row.scope, row.max_gross_exposure, row.max_open_pairs) == (Scope.USER, 1500, 3)
    assert row.allowed_symbols == ["GALA/USDT:USDT"]
    client.post("/risk/limits", EMPTY | {"of": f"bot-{bot.pk}", "max_leverage": "5", "allowed_exchanges": ["okx"]})
    row = RiskLimits.objects.get(scope=Scope.BOT)
    assert (row.bot_id, row.max_leverage, row.allowed_exchanges) == (bot.pk, 5, ["okx"])
    client.post("/risk/limits", EMPTY | {"of": "user"})
    row = RiskLimits.objects.get(scope=Scope.USER)
    assert (row.max_gross_exposure, row.allowed_symbols) == (None, [])


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays() -> None:
    user = make_user()
    wrong = {"of": "user", "max_gross_exposure": "much", "max_open_pairs": "1.5", "allowed_symbols": "??"}
    response = client_of(user).post("/risk/limits", EMPTY | wrong)
    html = response.content.decode()
    assert response.status_code == 400
    for text in ("Enter a number.", 'value="much"', "is not a market", 'aria-invalid="true"'):
        assert text in html
    assert not RiskLimits.objects.exists()


def test_an_administrators_limit_is_shown_as_such() -> None:
    user = make_user()
    RiskLimits.objects.create(scope=Scope.USER, owner=user, is_admin=True, max_order_value=D(250))
    assert "Administrator: 250" in page_of(user, "/risk/")


def test_the_kill_switch_halts_closes_and_trades_again() -> None:
    bot = make_open_bot()
    client = client_of(bot.owner)
    client.post("/risk/kill-switch", {"of": "user", "state": "halted"})
    assert TradingSwitch.objects.get().state == "halted"
    assert "Halted" in page_of(bot.owner, "/risk/")
    client.post("/risk/kill-switch", {"of": "user", "state": "active"})
    assert TradingSwitch.objects.get().state == "active"
    client.post("/risk/kill-switch", {"of": f"bot-{bot.pk}", "state": "halted", "flatten": "yes"})
    assert bot.intents.get().kind == "flatten"
    assert bot.bot_name in page_of(bot.owner, "/risk/")


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/risk/limits", EMPTY | {"max_open_pairs": "1"}),
        ("/risk/kill-switch", {"state": "halted"}),
    ],
)
def test_somebody_elses_bot_is_not_found_and_viewers_change_nothing(path: str, data: dict[str, str]) -> None:
    bot = make_bot()
    client = client_of(make_user())
    for of in (f"bot-{bot.pk}", f"account-{bot.exchange_account_id}", "bot-x", "bot-"):
        assert client.post(path, data | {"of": of}).status_code == 404
    assert client_of(make_viewer()).post(path, data | {"of": "user"}).status_code == 403
    assert (
        client_of(make_user()).post("/risk/kill-switch", {"of": "installation", "state": "halted"}).status_code == 403
    )
    assert not RiskLimits.objects.exists()
    assert not TradingSwitch.objects.exists()


def test_a_viewer_sees_the_page_without_controls() -> None:
    html = page_of(make_viewer(), "/risk/")
    assert "Save the limits" not in html
    assert 'name="state"' not in html


def test_more_bots_on_an_account_cost_no_more_queries() -> None:
    user = make_user()
    account = make_paper_account(user)
    RiskLimits.objects.create(scope=Scope.USER, owner=user, max_gross_exposure=1, max_loss_day=1)
    client = client_of(user)
    counts = []
    for bots in (1, 6):
        for _ in range(bots):
            make_open_bot(account=account)
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/risk/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 36


def test_the_bot_form_and_the_api_set_the_time_stop_and_what_a_break_does() -> None:
    bot = make_bot()
    client = bearer(bot.owner)
    sent = {"max_hours_in_position": "36", "pair_break_policy": "close"}
    answer = client.patch(f"/api/v1/bots/{bot.pk}/", sent, format="json")
    assert answer.status_code == 200, answer.json()
    assert (answer.json()["max_hours_in_position"], answer.json()["pair_break_policy"]) == ("36", "close")
    html = page_of(bot.owner, f"/bots/{bot.pk}/edit")
    assert 'name="max_hours_in_position" value="36.00"' in html
    for wrong in ({"max_hours_in_position": "0"}, {"pair_break_policy": "pray"}):
        assert list(client.patch(f"/api/v1/bots/{bot.pk}/", wrong, format="json").json()["errors"]) == list(wrong)
    client.patch(f"/api/v1/bots/{bot.pk}/", {"max_hours_in_position": ""}, format="json")
    bot.refresh_from_db()
    assert bot.max_hours_in_position is None


def test_the_bots_page_says_how_its_pair_is_only_while_in_position() -> None:
    bot = make_bot()
    assert "pair-health" not in page_of(bot.owner, f"/bots/{bot.pk}/")
    held = make_open_bot(max_hours_in_position=D(48))
    opened = timezone.now() - timedelta(hours=20)
    Cycle.objects.create(bot=held, number=1, side=-1, opened_at=opened, open_spread=1.0, funding=D("-1.2"))
    html = page_of(held.owner, f"/bots/{held.pk}/")
    for text in ("Not measured yet", "if it breaks apart:", "−1.20", "20 h 00 m", "of 2 d 0 h"):
        assert text in html
