"""Run by `benchmarks.kills`: bots on stepped replays whose venue fails; answers each line with a line of JSON.

`progress`: bars gone and failures that struck so far. `end`: the venue behaves, everything settles, books are compared.
"""

import json
import queue
import sys
import threading
import time
from decimal import Decimal
from typing import Any

import django

django.setup()

from django.db import close_old_connections, connections  # noqa: E402  (after setup)
from django.db.models import Sum  # noqa: E402
from django.utils import timezone  # noqa: E402
from kombu.exceptions import OperationalError as BrokerTrouble  # noqa: E402
from redis.exceptions import RedisError  # noqa: E402

from accounts.models import User  # noqa: E402
from benchmarks.books_agree import books_agree  # noqa: E402
from benchmarks.random_faults import TROUBLE, calm, differences_decided, started_again, stopped_where_even  # noqa: E402
from bots.models import Bot  # noqa: E402
from bots.services import bot_create, bot_start  # noqa: E402
from bots.tests.factories import ladder  # noqa: E402
from exchanges.adapters.paper_chaos import Chaos, Fault, FaultKind  # noqa: E402
from exchanges.models import ExchangeAccount  # noqa: E402
from exchanges.paper_models import PaperWallet  # noqa: E402
from exchanges.registry import venue_of  # noqa: E402
from exchanges.tests.series import replay_account, store_pair  # noqa: E402
from trading.tests.replays import bot_data  # noqa: E402

BARS = 20_000
RUNGS = ladder((0.4, 1.0), (0.4, 1.5), (0.6, 2.0))
FAULTS: tuple[dict[str, Any], ...] = (
    {"fault": FaultKind.REJECT, "probability": 0.12},
    {"fault": FaultKind.TIMEOUT_BEFORE, "probability": 0.06},
    {"fault": FaultKind.TIMEOUT_AFTER, "probability": 0.06},
    {"fault": FaultKind.PARTIAL, "share": 0.3, "probability": 0.12},
    {"fault": FaultKind.SLOW, "steps": 1, "probability": 0.12},
    {"fault": FaultKind.NOT_FOUND, "seconds": 0.3, "probability": 0.06},
    {"fault": FaultKind.DELAY, "seconds": 0.01, "probability": 0.12},
    {"fault": FaultKind.CANCEL_TIMEOUT, "probability": 0.3},
)
"""Of each kind the accounts get as many as make the wanted number; which orders they hit is left to chance."""
PERSON_EVERY_S = 3.0
SETTLE_S = 300.0
AWAY = (*TROUBLE, RedisError, BrokerTrouble)


class Replays:
    def __init__(self, bots: int, failures: int) -> None:
        self.user = User.objects.create_user("kills", "kills@example.org", "a password that nobody needs 1")
        store_pair(BARS, seed=4)
        self.each = -(-failures // (bots * len(FAULTS)))
        self.accounts = [self._account(number) for number in range(bots)]
        self.bots = [self._bot(account) for account in self.accounts]

    def progress(self) -> dict[str, int]:
        """Nothing while a server is away."""
        try:
            wallets = PaperWallet.objects.filter(account_id__in=[account.pk for account in self.accounts])
            left = sum(fault.get("next", 0) for wallet in wallets for fault in wallet.chaos.get("faults", ()))
            bars = wallets.aggregate(bars=Sum("tape_index"))["bars"]
        except AWAY:
            return {}
        return {"bars": bars or 0, "failures": self.each * len(FAULTS) * len(self.accounts) - left}

    def look_after(self) -> None:
        try:
            differences_decided(self.accounts)
            started_again(self.bots)
        except AWAY:
            return

    def end(self) -> dict[str, Any]:
        struck = self.progress()
        deadline = time.monotonic() + SETTLE_S
        for account in self.accounts:
            calm(account)
        while True:
            differences_decided(self.accounts)
            if not stopped_where_even(self.bots) and (found := books_agree(self.accounts)).is_clean:
                break
            if time.monotonic() > deadline:
                found = books_agree(self.accounts)
                break
            time.sleep(2)
        return {**struck, "books": found.row(), "is_clean": found.is_clean}

    def _account(self, number: int) -> ExchangeAccount:
        account = replay_account(self.user, label=f"Replay {number + 1}", slippage_bps=Decimal(1))
        faults = tuple(Fault(**fault, next=self.each) for fault in FAULTS)
        venue: Any = venue_of(account)
        venue.rehearse(Chaos(seed=number + 1, faults=faults))
        return account

    def _bot(self, account: ExchangeAccount) -> Bot:
        fields = {"dca_config": RUNGS, "max_dca_times": 3, "profit_ratio": "0.4", "tick_interval": 5}
        data = bot_data(account, **fields)
        bot = bot_create(actor=self.user, data=data, now=timezone.now())
        return bot_start(actor=self.user, bot=bot, now=timezone.now())


def main(bots: int, failures: int) -> None:
    replays = Replays(bots, failures)
    _tell({"ready": bots})
    asked: queue.Queue[str] = queue.Queue()
    threading.Thread(target=lambda: [asked.put(line.strip()) for line in sys.stdin], daemon=True).start()
    person_at = time.monotonic() + PERSON_EVERY_S
    while True:
        try:
            word = asked.get(timeout=0.2)
        except queue.Empty:
            word = ""
        _forget_broken()
        if word == "progress":
            _tell(replays.progress())
        elif word == "end":
            return _tell(replays.end())
        if time.monotonic() >= person_at:
            replays.look_after()
            person_at = time.monotonic() + PERSON_EVERY_S


def _forget_broken() -> None:
    close_old_connections()
    for connection in connections.all(initialized_only=True):
        connection.close()


def _tell(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
