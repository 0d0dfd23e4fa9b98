"""`manage.py show_demo`: a back-test and a search of the demo's first bot and a scan for pairs, once."""

import time
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from bots.management.commands.setup_demo import USERNAME
from bots.models import Bot
from exchanges.history.simulated import history_prepare
from exchanges.models import CandleDownload
from trading.backtests.from_bot import parameters_of_bot
from trading.backtests.services import backtest_create
from trading.models import Backtest
from trading.scans.services import scan_create
from trading.searches.services import search_create

DAYS: Final = 30
SEARCH: Final = {
    "method": "grid",
    "objective": "return_over_drawdown",
    "space": {
        "profit_ratio": {"low": 0.2, "high": 1.0, "step": 0.1},
        "dca_config.spread_factor": {"low": 0.5, "high": 2.0, "step": 0.25},
    },
}
SCAN: Final = {"exchange": "paper", "timeframe": "1h", "download": True}
LOOK_S: Final = 0.5


class Command(BaseCommand):
    help = "Back-tests the demo's first bot and searches for better settings of it, so that there is something to see."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--patience", type=float, default=180.0, help="seconds to wait for the market's history")

    def handle(self, *args: Any, **options: Any) -> None:
        of_demo = Bot.objects.select_related("owner", "exchange_account").filter(owner__username=USERNAME)
        bot = of_demo.order_by("pk").first()
        if bot is None or Backtest.objects.filter(owner=bot.owner).exists():
            return
        deadline = time.monotonic() + options["patience"]
        while work := _history_at_work(bot, timezone.now()):
            if time.monotonic() > deadline:
                raise CommandError(f"No worker has made the simulated market's history: {work[0]} is {work[0].status}.")
            time.sleep(LOOK_S)
        with override(bot.owner.language):
            _show(bot, timezone.now())


def _history_at_work(bot: Bot, now: datetime) -> list[CandleDownload]:
    symbols = (bot.market1_symbol, bot.market2_symbol)
    return history_prepare(
        actor=bot.owner, account=bot.exchange_account, symbols=symbols, timeframe=bot.timeframe, now=now
    )


def _show(bot: Bot, now: datetime) -> None:
    """Run by the workers, as any user's. A bot that stops for good at its first stop loss would show little."""
    shared = {"bot": bot.pk, "parameters": parameters_of_bot(bot) | {"restart_after_stop_loss": True}}
    name = _("%(bot)s, on after a stop loss") % {"bot": bot.bot_name}
    backtest_create(actor=bot.owner, data=shared | {"name": name}, now=now)
    data = shared | {
        "name": _("%(bot)s: target and steps") % {"bot": bot.bot_name},
        "since": now - timedelta(days=DAYS),
        "search": SEARCH | {"sets": 63},
    }
    search_create(actor=bot.owner, data=data, now=now)
    scan_create(actor=bot.owner, data=SCAN, now=now)
