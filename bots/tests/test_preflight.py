"""What a start finds out that only the accounts and venues know. The rest is in test_services."""

from datetime import UTC, datetime

import pytest

from bots.models import Bot
from bots.preflight.checks import preflight, prepare_venue
from bots.tests.factories import make_bot, make_paper_account
from exchanges.models import Exchange, ExchangeAccount

pytestmark = pytest.mark.django_db(databases=["default", "paper"])

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def codes(bot: Bot) -> list[str | None]:
    return [problem.code for problem in preflight(bot, NOW)]


def test_a_good_bot_has_no_problem() -> None:
    bot = make_bot()
    assert preflight(bot, NOW) == []
    assert prepare_venue(bot) == []


def test_switched_off_account_and_unknown_market() -> None:
    bot = make_bot(account=make_paper_account(is_active=False), market2_symbol="NOPE/USDT:USDT")
    assert codes(bot) == ["inactive_account", "unknown_market"]


def test_a_live_account_that_cannot_be_reached_says_so_once() -> None:
    owner = make_paper_account().owner
    account = ExchangeAccount.objects.create(
        owner=owner, exchange=Exchange.OKX, label="Main", last_check_ok=False, last_check_message="key expired"
    )
    found = preflight(make_bot(account=account), NOW)
    assert found[0].code == "account_check"
    assert "key expired" in found[0].messages[0]
    assert len(found) == 2


def test_leverage_above_the_market_is_found_before_the_venue_is_asked() -> None:
    bot = make_bot(leverage=125)
    assert "leverage" in codes(bot)
    assert [problem.code for problem in prepare_venue(bot)] == ["leverage", "leverage"]


def test_two_accounts_need_their_own_margin() -> None:
    rich = make_paper_account()
    poor = make_paper_account(rich.owner, paper_venue="okx", paper_config={"initial_balance": "20"})
    bot = make_bot(account=rich, exchange_account2=poor)
    [problem] = preflight(bot, NOW)
    assert problem.code == "margin"
    assert poor.label in problem.messages[0]


def test_levels_above_the_cap_need_neither_size_nor_margin() -> None:
    account = make_paper_account(paper_config={"initial_balance": "25"})
    bot = make_bot(account=account, max_position_value=200)
    assert codes(bot) == []
    Bot.objects.filter(pk=bot.pk).update(max_position_value=2040)
    assert codes(Bot.objects.get(pk=bot.pk)) == ["margin"]
