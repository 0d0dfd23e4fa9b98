"""The back office: its overview, every list of its menu, and schedules that are switched with a trace."""

import pytest
from django.contrib import admin
from django.test import RequestFactory
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from accounts.models import AuditEntry, Role
from bots import schedules
from bots.tests.factories import make_bot, make_user
from bots.tests.page_client import client_of
from bots.tests.page_rows import held_bot
from chainmakes.back_office_look import navigation
from trading.models import Difference, EquitySnapshot
from trading.tests.test_api import add_order

pytestmark = pytest.mark.django_db(databases=["default", "paper"])


@pytest.fixture
def office(settings):
    settings.ADMIN_SECOND_FACTOR = False
    return client_of(make_user(username="office", is_staff=True, is_superuser=True, role=Role.ADMIN))


def test_the_overview_adds_up_the_installation(office):
    bot = held_bot(earned="12.34")
    add_order(bot)
    broken = make_bot(bot_name="Broken", status="error", status_reason="auth_failed")
    EquitySnapshot.objects.create(
        account=bot.exchange_account, at=timezone.now(), currency="USDT", equity=1000, balance=990
    )
    Difference.objects.create(
        account=bot.exchange_account, kind="position", symbol="GALA/USDT:USDT", ours="1", theirs="2"
    )
    html = office.get("/admin/").content.decode()
    for words in (
        "1,000.00",
        "+12.34",
        "Broken",
        str(broken.owner),
        "Position differs: ours 1, the exchange",
        "Orders a day",
    ):
        assert words in html, words
    assert "Processes: Trading worker" in html  # nothing runs here


def test_every_list_of_the_menu_is_there_and_holds_no_secret(office):
    bot = held_bot()
    account = bot.exchange_account
    setattr(account, "api_key", "shown-to-nobody")  # noqa: B010  # the field's own type is not a text's
    account.save(update_fields=["api_key"])
    add_order(bot)
    schedules.schedule_create(bot)
    entries = [entry for group in navigation(RequestFactory().get("/")) for entry in group["items"]]
    for entry in entries:
        answer = office.get(str(entry["link"]))
        assert answer.status_code == 200, entry["title"]
        assert "shown-to-nobody" not in answer.content.decode()
    shown = {str(entry["link"]).rstrip("/").split("/")[-1] for entry in entries}
    assert {model._meta.model_name for model in admin.site._registry} <= shown


def test_one_row_is_looked_at(office):
    order = add_order(held_bot())
    html = office.get(f"/admin/trading/order/{order.pk}/change/").content.decode()
    assert 'name="_save"' not in html
    assert "000000000" not in html.partition("Amount")[2].partition("Reduce")[0]
    account = office.get(f"/admin/exchanges/exchangeaccount/{order.account_id}/change/").content.decode()
    assert "api_secret" not in account


def test_schedules_of_the_installation_are_switched_and_bots_are_not(office):
    schedules.install_housekeeping()
    bot = make_bot()
    schedules.schedule_create(bot)
    PeriodicTask.objects.filter(bot_schedule__bot=bot).update(enabled=True)
    ids = list(PeriodicTask.objects.filter(name__in=["Daily summaries", f"bot {bot.pk}"]).values_list("pk", flat=True))
    page = office.post(
        "/admin/django_celery_beat/periodictask/", {"action": "switch_off", "_selected_action": ids}, follow=True
    )
    assert "1 done." in page.content.decode()
    assert not PeriodicTask.objects.get(name="Daily summaries").enabled
    assert PeriodicTask.objects.get(bot_schedule__bot=bot).enabled
    assert AuditEntry.objects.get(action="schedule.off").object_label == str(
        PeriodicTask.objects.get(name="Daily summaries")
    )
    assert office.get("/admin/django_celery_beat/periodictask/add/").status_code == 403


def test_codes_are_words_and_orders_are_found_by_what_has_an_index(office):
    bot = held_bot(bot_name="Alpha pair")
    order = add_order(bot, status="partially_filled", exchange_order_id="V77", symbol="GALA/USDT:USDT")
    html = office.get(f"/admin/trading/order/{order.pk}/change/").content.decode()
    assert "Partly filled" in html
    assert "partially_filled" not in html
    assert "partially_filled</" not in office.get("/admin/trading/order/").content.decode()
    row = f"/admin/trading/order/{order.pk}/change/"
    for word in (order.client_order_id, "V77", "alpha", bot.owner.username, "gala"):
        assert row in office.get("/admin/trading/order/", {"q": word}).content.decode(), word
    for word in ("V7", "sol", "nobody"):
        assert row not in office.get("/admin/trading/order/", {"q": word}).content.decode(), word
    assert row in office.get("/admin/trading/order/?status=partially_filled").content.decode()
    assert row not in office.get("/admin/trading/order/?status=rejected").content.decode()
