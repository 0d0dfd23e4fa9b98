"""A user lets things go wrong on play money, and sees what the bots did."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import AuditEntry
from bots.tests.factories import make_user, make_viewer
from bots.tests.page_client import PLAIN
from exchanges.errors import DomainError
from exchanges.models import Exchange, ExchangeAccount
from exchanges.registry import venue_of
from exchanges.tests.series import CHZ, GALA
from trading.models import Order, Rehearsal, TradeLog
from trading.reconciliation.rounds import account_reconcile
from trading.rehearsal import Kind, Wish, rehearsal_begin, rehearsal_end, rehearsal_result
from trading.tests.safety.made import codes, holdings, look, opened_bot, simulated_bot

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])


def begin(bot: Any, kind: Kind, **fields: Any) -> Rehearsal:
    account = bot.exchange_account
    return rehearsal_begin(actor=bot.owner, account=account, wish=Wish(kind, **fields), now=timezone.now())


def result(bot: Any) -> Any:
    return rehearsal_result(bot.exchange_account)


def test_a_refused_leg_is_told_with_its_lone_time_and_then_the_account_behaves_again() -> None:
    bot = simulated_bot()
    begin(bot, Kind.REJECT, symbol=CHZ, orders=1)
    look(bot)
    assert "order_rejected" in codes(bot)
    assert result(bot).left == []
    while not bot.level:
        look(bot)
    found = result(bot)
    assert (found.is_running, found.trades, found.naked_trades) == (True, 1, 1)
    assert found.naked_value_worst > 0
    assert found.agrees is None
    assert account_reconcile(bot.exchange_account, timezone.now()) is not None
    assert result(bot).agrees is True
    rehearsal_end(actor=bot.owner, account=bot.exchange_account, now=timezone.now())
    assert not result(bot).is_running
    actions = AuditEntry.objects.filter(action__startswith="rehearsal.").order_by("id").values_list("action", flat=True)
    assert list(actions) == ["rehearsal.start", "rehearsal.stop"]


def test_a_level_that_was_filled_in_part_is_told_with_what_was_filled() -> None:
    bot = simulated_bot(lone_leg_policy="unwind")
    begin(bot, Kind.PARTIAL, symbol=CHZ, orders=1, strength=Decimal(40))
    while not bot.level:
        look(bot)
    line = TradeLog.objects.get(bot=bot, details__code="opened")
    assert Decimal(line.details["notional"]) == pytest.approx(bot.invested)
    assert bot.invested < bot.investment_per_order / 2


def test_a_second_wish_joins_the_first(settings: Any) -> None:
    settings.ORDER_SEND_BY_S, settings.ORDER_PROOF_S = 0.1, 0.02
    bot = simulated_bot()
    first = begin(bot, Kind.TIMEOUT_AFTER, symbol=GALA, orders=1)
    assert begin(bot, Kind.PARTIAL, symbol=CHZ, orders=1).pk == first.pk
    look(bot)
    assert Order.objects.filter(bot=bot, symbol=GALA, reason="no answer in time").exists()
    assert "order_unknown" in codes(bot)
    assert Order.objects.filter(bot=bot, symbol=CHZ).earliest("id").filled_amount > 0


def test_a_liquidated_leg_is_noticed_and_its_partner_closed(settings: Any) -> None:
    settings.RECONCILE_QUIET_S = 0.0
    bot = opened_bot()
    with pytest.raises(ValidationError) as wrong:
        begin(bot, Kind.LIQUIDATE)
    assert list(wrong.value.message_dict) == ["symbol"]
    begin(bot, Kind.LIQUIDATE, symbol=GALA)
    assert set(holdings(bot)) == {CHZ}
    for _ in range(3):
        account_reconcile(bot.exchange_account, timezone.now(), thorough=True)
        look(bot)
    assert holdings(bot) == {}
    assert "liquidated" in codes(bot)


def test_quotes_freeze_for_as_long_as_was_said() -> None:
    bot = simulated_bot()
    venue: Any = venue_of(bot.exchange_account)
    begin(bot, Kind.FREEZE, minutes=1)
    (fault,) = venue.rehearsal().faults
    assert fault.until - fault.since == 60_000
    assert venue.rehearsal().lasting(fault.until).faults[0].next == 0
    assert venue.rehearsal().lasting(fault.until - 1).frozen_since(GALA) == fault.since
    assert venue.rehearsal().lasting(fault.until).frozen_since(GALA) is None


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"kind": "reject", "strength": 101}, "strength"),
        ({"kind": "delay", "strength": 11}, "strength"),
        ({"kind": "reject", "orders": 0}, "orders"),
        ({"kind": "reject", "minutes": 100_000}, "minutes"),
        ({"kind": "reject", "symbol": "MARS/USDT:USDT"}, "symbol"),
        ({"kind": "sulk"}, "kind"),
    ],
)
def test_what_cannot_be_rehearsed_is_said_beside_its_field(fields: dict[str, Any], wrong: str) -> None:
    bot = simulated_bot()
    client = APIClient()
    client.force_authenticate(bot.owner)
    answer = client.post(f"/api/v1/exchanges/{bot.exchange_account_id}/rehearsal", fields, format="json")
    assert answer.status_code == 400
    assert wrong in str(answer.json())
    assert not Rehearsal.objects.exists()


def test_begun_seen_and_ended_by_the_api_and_by_nobody_else() -> None:
    bot = simulated_bot()
    address = f"/api/v1/exchanges/{bot.exchange_account_id}/rehearsal"
    client, outsider, viewer = APIClient(), APIClient(), APIClient()
    client.force_authenticate(bot.owner)
    outsider.force_authenticate(make_user())
    viewer.force_authenticate(make_viewer())
    assert client.get(address).status_code == 404
    assert outsider.post(address, {"kind": "reject"}, format="json").status_code == 404
    assert viewer.post(address, {"kind": "reject"}, format="json").status_code == 403
    begun = client.post(address, {"kind": "partial", "strength": "40", "orders": 2, "symbol": GALA}, format="json")
    assert begun.status_code == 201
    assert begun.json()["left"] == [{"fault": "partial", "symbol": GALA, "next": 2}]
    assert begun.json()["plan"][0]["strength"] == "40"
    assert outsider.get(address).status_code == 404
    ended = client.delete(address)
    assert (ended.status_code, ended.json()["is_running"], ended.json()["left"]) == (200, False, [])


def test_an_account_with_money_never_rehearses() -> None:
    user = make_user()
    account = ExchangeAccount.objects.create(
        owner=user, exchange=Exchange.BINANCE, label="Live", api_key="k", api_secret="s"
    )
    with pytest.raises(DomainError, match="paper"):
        rehearsal_begin(actor=user, account=account, wish=Wish(Kind.REJECT), now=timezone.now())
    with pytest.raises(DomainError, match="paper"):
        rehearsal_end(actor=user, account=account, now=timezone.now())
    client = APIClient()
    client.force_authenticate(user)
    answer = client.post(f"/api/v1/exchanges/{account.pk}/rehearsal", {"kind": "reject"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_paper")


def test_the_page_begins_shows_and_ends_it(client: Any, settings: Any) -> None:
    settings.STORAGES = settings.STORAGES | {"staticfiles": PLAIN}
    bot = simulated_bot()
    client.force_login(bot.owner)
    detail = reverse("exchanges:detail", args=[bot.exchange_account_id])
    begin_url = reverse("exchanges:rehearsal-begin", args=[bot.exchange_account_id])
    assert b"Nothing was rehearsed yet" in client.get(detail).content
    wrong = client.post(begin_url, {"kind": "reject", "strength": "400"})
    assert wrong.status_code == 400
    assert b"rehearsal_strength_error" in wrong.content
    client.post(begin_url, {"kind": "reject", "orders": "2", "symbol": GALA})
    page = client.get(detail).content
    assert b"the next 2 orders" in page
    assert b"Still to come" in page
    client.post(reverse("exchanges:rehearsal-end", args=[bot.exchange_account_id]))
    stopped_at = Rehearsal.objects.get().stopped_at
    assert stopped_at is not None
    assert stopped_at > timezone.now() - timedelta(minutes=1)
    viewer = make_viewer()
    client.force_login(viewer)
    assert client.post(begin_url, {"kind": "reject"}).status_code == 403
