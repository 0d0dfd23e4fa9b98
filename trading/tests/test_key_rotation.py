"""Encryption keys are turned over while a bot trades with the keys that they protect: no look fails."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from django.test import override_settings

from exchanges import registry
from exchanges.models import ExchangeAccount
from exchanges.tests.wire.accounts import serving
from trading.models import LogType, TradeLog
from trading.tests.live_bots import (
    check_books,
    check_no_leg_alone,
    check_sent_once,
    look,
    look_until_settled,
    moved,
    opened,
)

pytestmark = pytest.mark.django_db(transaction=True)

OLD, NEW = "an old key of more than thirty-two characters", "a new key of more than thirty-two characters"
ROUNDS = 5


@pytest.fixture
def server(settings: Any) -> Any:
    settings.ORDER_PROOF_S = settings.QUOTE_CACHE_TTL = 0.0
    settings.ORDER_SEND_BY_S = 2.0
    with serving("binance", settings) as server:
        yield server


@pytest.fixture
def _fresh_keys() -> Iterator[None]:
    yield
    started_anew()


def started_anew(*keys: str) -> override_settings:
    """As a process with these keys: the field keeps its cipher, the registry its clients."""
    for name in ("api_key", "api_secret", "passphrase"):
        field = ExchangeAccount._meta.get_field(name)
        for cached in ("keys", "fernet_keys", "fernet"):
            field.__dict__.pop(cached, None)
    registry.close_all()
    return override_settings(FERNET_KEYS=list(keys))


def rotate() -> None:
    try:
        for _ in range(ROUNDS):
            call_command("rotate_keys", verbosity=0)
    finally:
        for each in connections.all():
            each.close()


@pytest.mark.usefixtures("_fresh_keys")
def test_no_look_fails_while_keys_are_turned_over(server) -> None:
    with started_anew(OLD):
        bot = opened(server)
    with started_anew(NEW, OLD):
        worker = threading.Thread(target=rotate)
        worker.start()
        looks = 0
        while worker.is_alive() or looks < ROUNDS:
            look(bot)
            looks += 1
        worker.join()
    with started_anew(NEW):
        moved(server, "4")
        look_until_settled(bot)
        assert (bot.level, bot.status) == (2, "running")
    bad = TradeLog.objects.filter(bot=bot, log_type__in=[LogType.ERROR, LogType.WARNING])
    assert list(bad.values_list("message", flat=True)) == []
    check_books(bot, server)
    check_sent_once(bot, server)
    check_no_leg_alone(server)
