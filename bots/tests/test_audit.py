"""What the audit log keeps of a bot's life: who did it to which bot, and with which figures."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from accounts.audit_models import AuditEntry
from accounts.models import User
from accounts.request_facts import PAGE
from bots import services
from bots.models import Bot
from bots.tests.factories import bot_settings, make_paper_account, make_viewer
from bots.tests.page_client import client_of
from exchanges.errors import DomainError
from trading.models import Position

pytestmark = pytest.mark.django_db(databases=["default", "paper"])

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def bot() -> Bot:
    account = make_paper_account()
    return services.bot_create(actor=account.owner, data=bot_settings(account), now=NOW)


def entries(bot: Bot) -> list[AuditEntry]:
    """Oldest first, without that of its creation."""
    found = AuditEntry.objects.filter(object_type="bot", object_id=str(bot.pk)).order_by("id")
    return [entry for entry in found if entry.action != "bot.create"]


def the_entry(bot: Bot, action: str) -> AuditEntry:
    [entry] = entries(bot)
    assert (entry.action, entry.object_label, entry.owner_id) == (action, str(bot), bot.owner_id)
    return entry


def hold(bot: Bot) -> None:
    Bot.objects.filter(pk=bot.pk).update(level=1, side=-1, invested=100)
    for leg, side in ((1, "short"), (2, "long")):
        Position.objects.create(
            bot=bot,
            account=bot.exchange_account,
            cycle_number=1,
            leg=leg,
            symbol=bot.symbol_of(leg),
            side=side,
            amount=100,
            cost=100,
            entry_price=1,
            opened_at=NOW,
        )
    bot.refresh_from_db()


def test_a_new_bot_is_recorded_with_all_its_settings(bot: Bot) -> None:
    entry = AuditEntry.objects.get(action="bot.create")
    assert (entry.object_id, entry.actor, entry.actor_name) == (str(bot.pk), bot.owner, bot.owner.username)
    assert Decimal(entry.details["investment_per_order"]) == 100
    assert entry.details["exchange_account"] == str(bot.exchange_account)
    assert entry.details["dca_config"] == bot.dca_config


def test_an_edit_keeps_what_every_changed_field_was_and_is(bot: Bot) -> None:
    before = str(Bot.objects.get(pk=bot.pk).profit_ratio)
    data = {"profit_ratio": "1.5", "stop_loss_ratio": bot.stop_loss_ratio, "bot_name": "Other"}
    services.bot_update(actor=bot.owner, bot=bot, data=data, now=NOW)
    entry = AuditEntry.objects.get(action="bot.change")
    assert entry.actor == bot.owner
    assert entry.details == {
        "profit_ratio": {"was": before, "now": "1.5000"},
        "bot_name": {"was": "GALA/CHZ", "now": "Other"},
    }


def test_an_edit_that_changes_or_may_change_nothing_leaves_no_entry(bot: Bot) -> None:
    services.bot_update(actor=bot.owner, bot=bot, data={"bot_name": bot.bot_name}, now=NOW)
    with pytest.raises(ValidationError):
        services.bot_update(actor=bot.owner, bot=bot, data={"leverage": 0}, now=NOW)
    assert entries(bot) == []


@pytest.mark.parametrize("from_here", [False, True])
def test_a_start_names_the_account_and_whether_it_is_paper(bot: Bot, from_here: bool) -> None:
    services.bot_start(actor=bot.owner, bot=bot, now=NOW, reset_reference=from_here)
    entry = the_entry(bot, "bot.start")
    assert entry.actor == bot.owner
    assert entry.details == {"account": str(bot.exchange_account), "is_paper": True, "from_here": from_here}


def test_a_pause_by_a_person_and_one_by_the_program(bot: Bot) -> None:
    services.bot_start(actor=bot.owner, bot=bot, now=NOW)
    services.bot_pause(actor=bot.owner, bot=bot, now=NOW)
    services.bot_start(actor=bot.owner, bot=bot, now=NOW)
    services.bot_pause(actor=None, bot=bot, now=NOW, reason="after_close")
    pauses = [entry for entry in entries(bot) if entry.action == "bot.pause"]
    assert [(entry.actor_name, entry.details) for entry in pauses] == [
        (bot.owner.username, {"reason": ""}),
        ("", {"reason": "after_close"}),
    ]
    assert [entry.owner_id for entry in pauses] == [bot.owner_id] * 2


def test_a_failure_is_the_program_s_own(bot: Bot) -> None:
    services.bot_fail(bot=bot, reason="leg_stuck", now=NOW)
    entry = the_entry(bot, "bot.fail")
    assert (entry.actor, entry.actor_name, entry.details) == (None, "", {"reason": "leg_stuck"})


@pytest.mark.parametrize("stop", [False, True])
def test_a_wish_to_close_is_recorded_once_for_one_key(bot: Bot, stop: bool) -> None:
    hold(bot)
    for _again in range(2):
        services.bot_close_positions(actor=bot.owner, bot=bot, now=NOW, idempotency_key="once", stop=stop)
    assert the_entry(bot, "bot.close").details == {"then_stop": stop}


def test_what_is_refused_leaves_no_entry(bot: Bot) -> None:
    with pytest.raises(DomainError):
        services.bot_close_positions(actor=bot.owner, bot=bot, now=NOW)
    with pytest.raises(DomainError):
        services.bot_pause(actor=bot.owner, bot=bot, now=NOW)
    hold(bot)
    with pytest.raises(ValidationError):
        services.bot_start(actor=bot.owner, bot=bot, now=NOW)
    assert entries(bot) == []


def test_a_deleted_bot_stays_named_in_the_log(bot: Bot) -> None:
    number, name = bot.pk, str(bot)
    services.bot_delete(actor=bot.owner, bot=bot, now=NOW)
    entry = AuditEntry.objects.get(action="bot.delete")
    assert (entry.object_id, entry.object_label, entry.owner_id) == (str(number), name, bot.owner_id)


def press(user: User, bot: Bot, action: str) -> int:
    client = client_of(user)
    answer = client.post(f"/bots/{bot.pk}/{action}", headers={"user-agent": "Firefox"}, REMOTE_ADDR="203.0.113.7")
    return int(answer.status_code)


def test_a_click_is_recorded_with_its_address_and_device(bot: Bot) -> None:
    assert press(bot.owner, bot, "start") == 302
    entry = the_entry(bot, "bot.start")
    assert (entry.source, entry.ip, entry.user_agent) == (PAGE, "203.0.113.7", "Firefox")
    assert press(make_viewer(), bot, "pause") in (403, 404)
    assert len(entries(bot)) == 1
