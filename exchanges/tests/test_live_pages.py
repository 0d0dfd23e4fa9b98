"""Pages of a user who trades on a real account, and what they ask the venue for."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from bots.services import bot_create, bot_start
from bots.tests.factories import ladder, make_user
from bots.tests.page_client import page_of
from exchanges.services import account_test
from exchanges.tests.wire.accounts import SERVERS, live_account, serving
from exchanges.tests.wire.server import KEY, SECRET
from trading.engine import run_tick
from trading.tests.replays import bot_data

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])


@pytest.mark.parametrize("exchange", sorted(SERVERS))
def test_every_page_shows_a_real_account(exchange: str, settings: Any) -> None:
    settings.QUOTE_CACHE_TTL = 0.0
    with serving(exchange, settings) as server:
        user = make_user()
        account = account_test(account=live_account(user, exchange), now=timezone.now())
        values = {
            "start_time": timezone.now() - timedelta(minutes=30),
            "dca_config": ladder((1.0, 1.0)),
            "max_dca_times": 1,
            "stop_loss_ratio": "0",
            "decide_on": "tick",
            "max_slippage": "0.5",
        }
        bot = bot_create(actor=user, data=bot_data(account, **values), now=timezone.now())
        bot_start(actor=user, bot=bot, now=timezone.now())
        server.market.move("GALA", server.market.contracts["GALA"].price * 103 / 100)
        run_tick(bot.pk, timezone.now())
        for page in ("/", "/bots/", f"/bots/{bot.pk}/", f"/bots/{bot.pk}/edit", "/bots/new", "/exchanges/", "/orders/"):
            html = page_of(user, page)
            assert KEY not in html
            assert SECRET not in html
        bot.refresh_from_db()
        assert bot.level == 1
