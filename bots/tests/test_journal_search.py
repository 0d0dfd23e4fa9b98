"""Lines of a journal found by kind, event, text and day, on the page and by the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils.translation import override
from rest_framework.test import APIClient

from bots.journal import lines as journal
from bots.journal.search import with_text
from bots.models import Bot
from bots.tests.factories import make_bot, make_user
from bots.tests.page_client import page_of
from trading.models import LogType, TradeLog

pytestmark = pytest.mark.django_db(databases=["default", "paper"])

GALA, CHZ = "GALA/USDT:USDT", "CHZ/USDT:USDT"
LONG_AGO = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def bot() -> Bot:
    """A stale quote of GALA, a refusal of CHZ long ago, a pause."""
    bot = make_bot()
    journal.write(bot, "quotes_stale", log_type=LogType.WARNING, symbol=GALA, age=31.0)
    refused: dict[str, Any] = {"action": "buy", "amount": 12, "symbol": CHZ, "reason": "insufficient margin"}
    old = journal.write(bot, "order_rejected", log_type=LogType.WARNING, **refused)
    TradeLog.objects.filter(pk=old.pk).update(created_at=LONG_AGO)
    journal.write(bot, "paused", log_type=LogType.INFO, reason="by_user")
    return bot


def codes(lines: Any) -> set[str]:
    return {line.details["code"] for line in lines}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("gala", {"quotes_stale"}),
        ("insufficient", {"order_rejected"}),
        ("CHZ refused", {"order_rejected"}),
        ("CHZ stale", set()),
        ("by hand", {"paused"}),
        ("100%", set()),
        ("", {"quotes_stale", "order_rejected", "paused"}),
    ],
)
def test_every_word_has_to_be_there(bot: Bot, text: str, found: set[str]) -> None:
    assert codes(with_text(TradeLog.objects.filter(bot=bot), text)) == found


def test_words_of_the_reader_s_language_are_found(bot: Bot) -> None:
    with override("zh-hans"):
        word = str(journal.MESSAGES["paused"]).partition("{")[0]
        assert codes(with_text(TradeLog.objects.filter(bot=bot), word)) == {"paused"}


def test_the_page_narrows_and_says_how_to_see_all_again(bot: Bot) -> None:
    path = f"/bots/{bot.pk}/?tab=journal&kind="
    stale, refused = "are 31.0 s old", "refused to buy"
    found = page_of(bot.owner, f"{path}&text=gala")
    assert (stale in found, refused in found, "Show all" in found) == (True, False, True)
    assert refused in page_of(bot.owner, f"{path}&code=order_rejected")
    in_march = page_of(bot.owner, f"{path}&since=2026-03-01&until=2026-03-01")
    assert (stale in in_march, refused in in_march) == (False, True)
    assert "No line of the journal fits" in page_of(bot.owner, f"{path}&text=nonsense")
    wrong = page_of(bot.owner, f"{path}&since=yesterday&text=gala")
    assert "Enter a valid date" in wrong
    assert stale in wrong


def test_the_api_narrows_likewise(bot: Bot) -> None:
    client = APIClient()
    client.force_authenticate(bot.owner)
    address = f"/api/v1/bots/{bot.pk}/logs"

    def found(**query: str) -> list[str]:
        return [line["details"]["code"] for line in client.get(address, query).json()["results"]]

    assert found(text="gala") == ["quotes_stale"]
    assert found(code="paused") == ["paused"]
    assert found(code="paused", log_type="error") == []
    assert found(created_before=(LONG_AGO + timedelta(hours=1)).isoformat()) == ["order_rejected"]
    client.force_authenticate(make_user())
    assert client.get(address, {"text": "gala"}).status_code == 404
