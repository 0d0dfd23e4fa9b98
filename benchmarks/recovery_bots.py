"""Run by `benchmarks.recovery`: one step of a bot on a real account, each in a process of its own; prints JSON.

`python -m benchmarks.recovery_bots begin|look|decide|close`.
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.utils import timezone  # noqa: E402  (after setup)

from accounts.models import User  # noqa: E402
from bots.models import Bot  # noqa: E402
from bots.services import bot_close_positions, bot_create, bot_start  # noqa: E402
from bots.tests.factories import ladder  # noqa: E402
from exchanges.services import account_create, account_test  # noqa: E402
from exchanges.tests.wire.server import KEY, PASSPHRASE, SECRET  # noqa: E402
from trading.core.order_state import UNSETTLED  # noqa: E402
from trading.engine import run_tick  # noqa: E402
from trading.models import Difference, DifferenceStatus, Order, Position, Trade, TradeStatus  # noqa: E402
from trading.reconciliation.choices import Choice, choices_of, difference_settle  # noqa: E402
from trading.reconciliation.rounds import account_reconcile  # noqa: E402
from trading.tests.replays import bot_data  # noqa: E402

PATIENCE_S = 60.0


def begin() -> None:
    user = User.objects.create_user("recovery", "recovery@example.org", "a password that nobody needs 1")
    keys = {"api_key": KEY, "api_secret": SECRET, "passphrase": PASSPHRASE}
    account = account_create(owner=user, data={"exchange": "okx", "label": "Live", **keys})
    account = account_test(account=account, now=timezone.now())
    fields: dict[str, Any] = {
        "start_time": timezone.now() - timedelta(minutes=30),
        "dca_config": ladder((1.0, 1.0), (1.0, 1.0), (1.0, 1.0)),
        "max_dca_times": 3,
        "profit_ratio": "500",
        "stop_loss_ratio": "0",
        "decide_on": "tick",
        "max_slippage": "0.5",
        "tick_interval": 1,
    }
    bot = bot_create(actor=user, data=bot_data(account, **fields), now=timezone.now())
    bot_start(actor=user, bot=bot, now=timezone.now())


def look() -> None:
    """Until nothing is under way."""
    bot, deadline = Bot.objects.get(), time.monotonic() + PATIENCE_S
    while True:
        run_tick(bot.pk, timezone.now())
        if not _is_under_way() or time.monotonic() > deadline:
            return


def decide() -> None:
    """As a person: what the venue holds is taken over."""
    bot = Bot.objects.get()
    for difference in Difference.objects.filter(status=DifferenceStatus.OPEN):
        for choice in [one for one in choices_of(difference) if one != Choice.IGNORE][:1]:
            difference_settle(actor=bot.owner, difference=difference, choice=choice, note="", now=timezone.now())
    for _ in range(2):
        look()
        account_reconcile(bot.exchange_account, timezone.now(), thorough=True)


def close() -> None:
    bot = Bot.objects.get()
    if bot.is_flat:
        return
    bot_close_positions(actor=bot.owner, bot=bot, now=timezone.now(), idempotency_key="recovery")
    look()


def _is_under_way() -> bool:
    return (
        Trade.objects.filter(status=TradeStatus.WORKING).exists() or Order.objects.filter(status__in=UNSETTLED).exists()
    )


def _stand() -> dict[str, Any]:
    bot = Bot.objects.get()
    held = {row.symbol: f"{row.signed_amount.normalize():f}" for row in Position.objects.filter(is_open=True)}
    found = Difference.objects.filter(status=DifferenceStatus.OPEN)
    return {
        "status": bot.status,
        "reason": bot.status_reason,
        "level": bot.level,
        "held": held,
        "orders": Order.objects.count(),
        "differences": [f"{row.kind} {row.symbol}: ours {row.ours}, theirs {row.theirs}" for row in found],
        "profit": str(bot.total_profit),
    }


STEPS: dict[str, Callable[[], None]] = {"begin": begin, "look": look, "decide": decide, "close": close}

if __name__ == "__main__":
    STEPS[sys.argv[1]]()
    sys.stdout.write(json.dumps(_stand()) + "\n")
