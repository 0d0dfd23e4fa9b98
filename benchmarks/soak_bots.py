"""Run by `benchmarks.soak`: makes the bots, torments them, and answers with one line of JSON to each line it is told.

`sample` asks for figures, `end` ends the faults, waits until everything has settled and compares all books.
"""

import json
import math
import queue
import random
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from itertools import count
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402  (after setup)
from django.db import close_old_connections  # noqa: E402
from django.db.models import Count  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402
from redis import Redis  # noqa: E402
from redis.exceptions import RedisError  # noqa: E402

from accounts.models import User  # noqa: E402
from benchmarks.books_agree import books_agree  # noqa: E402
from benchmarks.random_faults import (  # noqa: E402
    TROUBLE,
    calm,
    close_asked,
    differences_decided,
    one_told,
    started_again,
    stopped_where_even,
)
from bots.models import Bot  # noqa: E402
from bots.services import bot_create, bot_start  # noqa: E402
from exchanges.models import Exchange, ExchangeAccount, PaperSource  # noqa: E402
from exchanges.registry import venue_of  # noqa: E402
from exchanges.services import account_create  # noqa: E402
from trading.core.order_state import UNSETTLED  # noqa: E402
from trading.models import LogType, Order, Trade, TradeLog, TradeStatus  # noqa: E402

COMMON = ("GALA", "SOL", "LTC", "SAND"), ("CHZ", "AVAX", "BCH", "MANA")
PAIRS = [tuple(f"{base}/USDT:USDT" for base in pair) for pair in zip(*COMMON, strict=True)]
SPEED = 10
TICK_S = 10
FAULT_EVERY_S = 1.0
PERSON_EVERY_S = 10.0
SETTLE_S = 240.0
QUEUES = ("trading", "io", "compute")
RUNGS = [{"times": k, "spread": spread, "multiplier": 1.0} for k, spread in enumerate((0.6, 0.6, 0.8), start=1)]


class Soak:
    def __init__(self, bots: int, seed: int) -> None:
        self.chance = random.Random(seed)
        self.user = User.objects.create_user("soak", "soak@example.org", "a password that nobody needs 1")
        self.accounts = [self._account(number) for number in range(-(-bots // len(PAIRS)))]
        self.bots = [self._bot(number) for number in range(bots)]
        self.told: Counter[str] = Counter()
        self.pages: Counter[int] = Counter()
        self.person = 0
        self.keys = count(1)
        self.client = Client()
        self.client.force_login(self.user)
        self.redis = Redis.from_url(settings.REDIS_URL)

    def torment(self) -> None:
        """One random fault of one random account."""
        try:
            if name := one_told(self.chance.choice(self.accounts), self.chance):
                self.told[name] += 1
        except TROUBLE as error:
            self.told[f"not told: {type(error).__name__}"] += 1

    def look_after(self) -> None:
        """What its user does: decides on differences, starts bots again, closes one now and then."""
        try:
            self.person += differences_decided(self.accounts) + started_again(self.bots)
            self.person += close_asked(self.chance.choice(self.bots), f"soak {next(self.keys)}")
        except TROUBLE as error:
            self.told[f"user failed: {type(error).__name__}"] += 1

    def sample(self) -> dict[str, Any]:
        by_status = Bot.objects.values_list("status").annotate(times=Count("pk"))
        return {
            "bots": dict(by_status),
            "trades": Trade.objects.count(),
            "working": Trade.objects.filter(status=TradeStatus.WORKING).count(),
            "orders": Order.objects.count(),
            "unsettled": Order.objects.filter(status__in=UNSETTLED).count(),
            "failed_bots": TradeLog.objects.filter(log_type=LogType.ERROR).count(),
            "faults": dict(self.told),
            "person": self.person,
            "queues": self._queues(),
        }

    def end(self) -> dict[str, Any]:
        """Nothing new is opened; what is under way ends, and every difference is decided."""
        for account in self.accounts:
            calm(account)
        deadline = time.monotonic() + SETTLE_S
        while True:
            differences_decided(self.accounts)
            if not stopped_where_even(self.bots) and (found := books_agree(self.accounts)).is_clean:
                break
            if time.monotonic() > deadline:
                found = books_agree(self.accounts)
                break
            time.sleep(3)
        naked = Trade.objects.filter(naked_ms__gt=0).order_by("naked_ms").values_list("naked_ms", flat=True)
        return {"books": found.row(), "naked_ms": _quantiles(list(naked)), "faults": dict(self.told)}

    def _queues(self) -> dict[str, int]:
        try:
            return {name: self.redis.llen(f"{settings.REDIS_PREFIX}:celery:{name}") for name in QUEUES}
        except RedisError:
            return {}

    def _account(self, number: int) -> ExchangeAccount:
        config = {"initial_balance": "1000000", "seed": number + 1, "volatility": "5", "speed": str(SPEED)}
        return account_create(
            owner=self.user,
            data={
                "exchange": Exchange.PAPER,
                "label": f"Soak {number + 1}",
                "paper_venue": Exchange.BINANCE,
                "paper_source": PaperSource.SIMULATED,
                "paper_config": config,
            },
        )

    def _bot(self, number: int) -> Bot:
        first, second = PAIRS[number % len(PAIRS)]
        account, now = self.accounts[number // len(PAIRS)], timezone.now()
        each = _investment(account, (first, second))
        data = {
            "bot_name": f"Soak {number + 1}",
            "exchange_account": account.pk,
            "market1_symbol": first,
            "market2_symbol": second,
            "start_time": now - timedelta(minutes=10),
            "investment_per_order": str(each),
            "max_position_value": str(10 * each),
            "max_dca_times": len(RUNGS),
            "dca_config": RUNGS,
            "profit_ratio": "0.4",
            "stop_loss_ratio": "6",
            "restart_after_stop_loss": True,
            "pause_after_close": False,
            "tick_interval": TICK_S,
            "max_quote_age": 30,
        }
        bot = bot_create(actor=self.user, data=data, now=now)
        return bot_start(actor=self.user, bot=bot, now=timezone.now())


def _investment(account: ExchangeAccount, symbols: tuple[str, ...]) -> int:
    """Many lots of either market: after years at such a volatility one of them may be worth a lot."""
    venue = venue_of(account)
    rules, quotes = venue.markets(), venue.quotes(symbols)
    lots = (float(rules[symbol].amount_step * quotes[symbol].mid) for symbol in symbols)
    return max(2000, *(math.ceil(60 * lot) for lot in lots))


def _quantiles(values: list[int]) -> dict[str, int]:
    if not values:
        return {"cases": 0}
    at = {"p50": 0.5, "p95": 0.95}
    return {"cases": len(values), **{name: values[int(share * len(values))] for name, share in at.items()},
            "max": values[-1]}  # fmt: skip


def _tell(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main(bots: int, seed: int) -> None:
    soak = Soak(bots, seed)
    _tell({"ready": len(soak.bots), "accounts": len(soak.accounts)})
    asked: queue.Queue[str] = queue.Queue()
    threading.Thread(target=lambda: [asked.put(line.strip()) for line in sys.stdin], daemon=True).start()
    person_at = time.monotonic() + PERSON_EVERY_S
    while True:
        try:
            word = asked.get(timeout=FAULT_EVERY_S)
        except queue.Empty:
            word = ""
        if word == "sample":
            _tell(soak.sample())
        elif word == "end":
            _tell(soak.end())
            return
        soak.torment()
        if time.monotonic() >= person_at:
            soak.look_after()
            person_at = time.monotonic() + PERSON_EVERY_S
        close_old_connections()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
