"""`manage.py setup_demo`: a user, a simulated market with history, three running bots. Repeating it adds nothing."""

import os
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Role, User
from bots.models import Bot
from bots.services import bot_create, bot_start
from exchanges.history.simulated import history_prepare
from exchanges.models import Exchange, ExchangeAccount, PaperSource
from exchanges.services import account_create
from exchanges.timeframes import HOUR_MS

USERNAME, EMAIL = "demo", "demo@example.org"
LABEL = "Simulated market"
HISTORY = timedelta(hours=6)

BOTS: list[dict[str, Any]] = [
    {
        "bot_name": "GALA/CHZ reversion",
        "market1_symbol": "GALA/USDT:USDT",
        "market2_symbol": "CHZ/USDT:USDT",
        "profit_ratio": "0.6",
        "steps": [("0.8", "1"), ("0.8", "1.2"), ("1", "1.5"), ("1.2", "2"), ("1.6", "2"), ("2", "2.5")],
    },
    {
        "bot_name": "SAND/MANA regression",
        "market1_symbol": "SAND/USDT:USDT",
        "market2_symbol": "MANA/USDT:USDT",
        "profit_mode": "regression",
        "profit_ratio": "0.7",
        "steps": [("0.6", "1"), ("0.8", "1"), ("1", "1.5"), ("1.5", "2")],
    },
    {
        "bot_name": "LTC/BCH reversion",
        "market1_symbol": "LTC/USDT:USDT",
        "market2_symbol": "BCH/USDT:USDT",
        "profit_ratio": "0.5",
        "steps": [("0.5", "1"), ("0.7", "1"), ("0.9", "1.5"), ("1.2", "1.5"), ("1.5", "2")],
    },
]


class Command(BaseCommand):
    help = "Sets up the demo: a user (password from DEMO_PASSWORD), a paper account and three running bots."

    def handle(self, *args: Any, **options: Any) -> None:
        password = os.environ.get("DEMO_PASSWORD", "")
        if not password:
            raise CommandError("Set DEMO_PASSWORD: there is no default password.")
        user = _user(password)
        account = _account(user)
        for bot in BOTS:
            _bot(user, account, bot, timezone.now())
        _history(user, account, timezone.now())
        self.stdout.write(f"The demo is set up for user {user.username}.")


def _user(password: str) -> User:
    user = User.objects.filter(username=USERNAME).first()
    if user is None:
        return User.objects.create_superuser(USERNAME, EMAIL, password, role=Role.ADMIN)
    if not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    return user


def _account(user: User) -> ExchangeAccount:
    known = ExchangeAccount.objects.filter(owner=user, exchange=Exchange.PAPER, label=LABEL).first()
    if known is not None:
        return known
    settings = {"initial_balance": "10000", "seed": 7, "volatility": "3", "speed": "1"}
    return account_create(
        owner=user,
        data={
            "exchange": Exchange.PAPER,
            "label": LABEL,
            "paper_venue": Exchange.BINANCE,
            "paper_source": PaperSource.SIMULATED,
            "paper_config": settings,
        },
    )


def _history(user: User, account: ExchangeAccount, now: datetime) -> None:
    """Asked of the workers, who are not there yet: it is made while somebody reads the first page."""
    pairs = [(bot["market1_symbol"], bot["market2_symbol"]) for bot in BOTS]
    for pair, timeframe in [*((pair, "5m") for pair in pairs), (pairs[0], "1m")]:
        history_prepare(actor=user, account=account, symbols=pair, timeframe=timeframe, now=now)


def _bot(user: User, account: ExchangeAccount, settings: dict[str, Any], now: datetime) -> None:
    """Starts it once; a bot that its user paused or stopped stays so."""
    if Bot.objects.filter(owner=user, bot_name=settings["bot_name"]).exists():
        return
    fields = {name: value for name, value in settings.items() if name != "steps"}
    ladder = [
        {"times": level, "spread": spread, "multiplier": factor}
        for level, (spread, factor) in enumerate(settings["steps"], start=1)
    ]
    start_ms = int((now - HISTORY).timestamp() * 1000) // HOUR_MS * HOUR_MS
    data = {
        "exchange_account": account.pk,
        "start_time": datetime.fromtimestamp(start_ms / 1000, tz=now.tzinfo),
        "investment_per_order": "100",
        "max_position_value": "3000",
        "max_dca_times": len(ladder),
        "dca_config": ladder,
        "pause_after_close": False,
        "tick_interval": 1,
    }
    bot = bot_create(actor=user, data=data | fields, now=now)
    bot_start(actor=user, bot=bot, now=now)
