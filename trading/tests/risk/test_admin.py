"""Administrators set limits over users' and switch trading off, through the services."""

import pytest
from django.test import Client

from accounts.models import AuditEntry, Role
from bots.tests.factories import make_bot, make_user
from bots.tests.page_client import client_of
from trading.models import RiskLimits, Scope, TradingSwitch
from trading.tests.risk.test_api import make_open_bot

pytestmark = pytest.mark.django_db

SPANS = {"cooldown_minutes": "60", "churn_minutes": "60", "warn_at": "80", "drawdown_from": "peak"}
LISTS = {"allowed_symbols": "[]", "allowed_exchanges": "[]"}
NO_TARGET = {"owner": "", "account": "", "bot": ""}


@pytest.fixture
def office(settings: object) -> Client:
    settings.ADMIN_SECOND_FACTOR = False  # type: ignore[attr-defined]
    return client_of(make_user(is_staff=True, is_superuser=True, role=Role.ADMIN))


def path(settings: object, model: str, rest: str) -> str:
    return f"/{settings.ADMIN_URL}trading/{model}/{rest}"  # type: ignore[attr-defined]


def test_an_administrator_sets_and_changes_limits_over_a_users(office: Client, settings: object) -> None:
    user = make_user()
    own = RiskLimits.objects.create(scope=Scope.USER, owner=user, max_open_pairs=9)
    sent = NO_TARGET | SPANS | LISTS | {"scope": "user", "owner": user.pk, "max_open_pairs": "2"}
    answer = office.post(path(settings, "risklimits", "add/"), sent)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    row = RiskLimits.objects.get(is_admin=True)
    assert (row.owner_id, row.max_open_pairs) == (user.pk, 2)
    assert AuditEntry.objects.filter(action="risk_limits.set", object_id=str(user.pk)).exists()
    office.post(path(settings, "risklimits", f"{row.pk}/change/"), SPANS | LISTS | {"max_open_pairs": "4"})
    row.refresh_from_db()
    assert row.max_open_pairs == 4
    assert office.post(path(settings, "risklimits", f"{own.pk}/change/"), SPANS | LISTS).status_code == 403
    assert office.get(path(settings, "risklimits", "")).status_code == 200


@pytest.mark.parametrize("target", [{}, {"account": True}, {"owner": True, "account": True}])
def test_a_scope_needs_its_one_target(office: Client, settings: object, target: dict[str, bool]) -> None:
    bot = make_bot()
    named = {"owner": bot.owner_id, "account": bot.exchange_account_id}
    sent = NO_TARGET | SPANS | LISTS | {"scope": "user"} | {name: named[name] for name in target}
    assert office.post(path(settings, "risklimits", "add/"), sent).status_code == 200
    assert not RiskLimits.objects.exists()


def test_everybody_is_halted_and_trades_again(office: Client, settings: object) -> None:
    bot = make_open_bot()
    sent = NO_TARGET | {"scope": "installation", "state": "halted", "reason": "maintenance"}
    answer = office.post(path(settings, "tradingswitch", "add/"), sent)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    switch = TradingSwitch.objects.get()
    assert (switch.state, switch.reason) == ("halted", "maintenance")
    action = {"action": "flatten", "_selected_action": [switch.pk]}
    office.post(path(settings, "tradingswitch", ""), action)
    assert bot.intents.get().kind == "flatten"
    office.post(path(settings, "tradingswitch", ""), action | {"action": "activate"})
    switch.refresh_from_db()
    assert switch.state == "active"
