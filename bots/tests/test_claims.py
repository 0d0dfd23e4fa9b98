"""One bot per symbol of a venue account."""

import threading

import pytest
from django.db import connection, transaction

from bots.claims import claim_on, claims_of_others, claims_release, claims_take, venue_account_of
from bots.models import Bot, BotStatus, SymbolClaim
from bots.tests.factories import CHZ, GALA, make_bot, make_paper_account
from exchanges.models import Exchange, ExchangeAccount


def live(**fields: object) -> ExchangeAccount:
    return ExchangeAccount(pk=7, exchange=Exchange.OKX, **fields)


def test_accounts_are_one_when_the_venue_says_so() -> None:
    assert venue_account_of(live(venue_uid="42")) == venue_account_of(
        ExchangeAccount(pk=8, exchange="okx", venue_uid="42")
    )
    assert venue_account_of(live(venue_uid="42", is_testnet=True)) != venue_account_of(live(venue_uid="42"))
    assert venue_account_of(live()) == "okx:row:7"


@pytest.mark.django_db
def test_a_symbol_belongs_to_the_first() -> None:
    account = make_paper_account()
    first, second = make_bot(account=account), make_bot(account=account, market2_symbol="BTC/USDT:USDT")
    assert claims_take(first) == []
    assert claims_take(first) == []
    assert [(claim.bot, claim.symbol) for claim in claims_take(second)] == [(first, GALA)]
    claim = claim_on(account, CHZ)
    assert claim is not None
    assert claim.bot == first
    assert claim_on(make_paper_account(), CHZ) is None
    assert claims_of_others(make_bot(make_paper_account().owner)) == []


@pytest.mark.django_db
def test_only_a_stopped_flat_bot_gives_back() -> None:
    bot = make_bot(status=BotStatus.RUNNING)
    claims_take(bot)
    for status, level in ((BotStatus.RUNNING, 0), (BotStatus.PAUSED, 0), (BotStatus.STOPPED, 1)):
        bot.status, bot.level, bot.side = status, level, level
        claims_release(bot)
        assert SymbolClaim.objects.count() == 2
    bot.level = bot.side = 0
    claims_release(bot)
    assert not SymbolClaim.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_that_start_at_once_one_gets_both_symbols() -> None:
    account = make_paper_account()
    bots = [make_bot(account=account) for _ in range(2)]
    barrier = threading.Barrier(2)
    blocked: dict[int, int] = {}

    def take(bot: Bot) -> None:
        barrier.wait()
        with transaction.atomic():
            found = claims_take(bot)
            blocked[bot.pk] = len(found)
            if found:
                transaction.set_rollback(True)
        connection.close()

    threads = [threading.Thread(target=take, args=[bot]) for bot in bots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(blocked.values()) == [0, 2]
    winner = next(pk for pk, count in blocked.items() if not count)
    assert set(SymbolClaim.objects.values_list("bot_id", flat=True)) == {winner}
