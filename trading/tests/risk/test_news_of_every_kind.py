"""Whatever a user should hear of reaches a channel, once, by the way on which it happens."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.logins import login_open
from accounts.models import LoginKind, NoticeKind, Role, SignOfLife
from accounts.notifications.channels import CHOOSABLE, channel_create
from accounts.notifications.engine_watch import engine_look
from accounts.notifications.standing_in import send_everything
from accounts.request_facts import PAGE, RequestFacts, facts_kept
from accounts.tests.sinks import HttpSink
from bots.journal import lines as journal
from bots.models import Bot
from bots.services import bot_fail
from exchanges.adapters.base import Balance
from exchanges.models import JobStatus
from trading.account_news import difference_note, key_refused_note, margin_look
from trading.daily_summary import daily_summaries_tell
from trading.finished_news import scan_news
from trading.kill_switch.actions import kill_switch
from trading.limits_watch import limits_look
from trading.models import Difference, LogType, PairScan, RiskLimits, Scope, TradingState
from trading.tests.risk.test_api import make_open_bot

MORNING = datetime(2026, 3, 3, 8, 30, tzinfo=UTC)

pytestmark = pytest.mark.django_db(databases=["default", "paper"])

D = Decimal
SYMBOL = "GALA/USDT:USDT"


def say(code: str, kind: str = LogType.WARNING, **figures: Any) -> Callable[[Bot], Any]:
    """As the engine does where it meets it."""
    return lambda bot: journal.write(bot, code, log_type=kind, symbol=SYMBOL, **figures)


def near_a_limit(bot: Bot) -> None:
    RiskLimits.objects.get_or_create(scope=Scope.USER, owner=bot.owner, max_gross_exposure=D(200))
    limits_look(timezone.now())


def short_of_margin(bot: Bot) -> None:
    margin_look(bot.exchange_account, Balance("USDT", D(1000), D(1000), D(60)), timezone.now())


def from_a_new_place(bot: Bot) -> None:
    for ip in ("203.0.113.7", "198.51.100.9"):
        with facts_kept(RequestFacts(PAGE, ip, "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")):
            login_open(user=bot.owner, kind=LoginKind.BROWSER)


def silent(bot: Bot) -> None:
    bot.owner.role = Role.ADMIN
    bot.owner.save(update_fields=["role"])
    SignOfLife.objects.get_or_create(part="trading", defaults={"at": timezone.now() - timedelta(hours=1)})
    engine_look()


def halted(bot: Bot) -> None:
    kill_switch(
        actor=bot.owner, scope=Scope.BOT, target=bot, state=TradingState.HALTED, flatten=False, now=timezone.now()
    )


def failing(bot: Bot) -> None:
    bot_fail(bot=bot, reason="leg_stuck", now=timezone.now())


def refused_key(bot: Bot) -> None:
    key_refused_note(bot.exchange_account, "expired", timezone.now())


def scanned(bot: Bot) -> None:
    scan = PairScan(pk=1, owner=bot.owner, exchange="okx", timeframe="1h", status=JobStatus.FAILED, problems=["x"])
    scan_news(scan)


def differs(bot: Bot) -> None:
    found = Difference(account=bot.exchange_account, kind="position", symbol=SYMBOL, ours="0", theirs="1")
    difference_note(found, timezone.now())


HAPPENS: dict[str, tuple[NoticeKind, Callable[[Bot], Any], str]] = {
    "trade": (NoticeKind.TRADE, say("opened", LogType.TRADE, side=1, notional=100, spread=1.0), "info"),
    "level reached": (NoticeKind.TRADE, say("added", LogType.TRADE, level=2, notional=100, spread=1.0), "info"),
    "closed": (NoticeKind.CLOSED, say("closed_manual", LogType.TRADE, pnl="1"), "info"),
    "take profit": (NoticeKind.TAKE_PROFIT, say("closed_take_profit", LogType.TRADE, pnl="1"), "info"),
    "stop loss": (NoticeKind.STOP_LOSS, say("closed_stop_loss", LogType.TRADE, pnl="-1"), "warning"),
    "entry": (NoticeKind.ENTRY, say("entry_failed", attempts=1, minutes=1), "info"),
    "error": (
        NoticeKind.BOT_ERROR,
        failing,
        "error",
    ),
    "naked leg": (NoticeKind.NAKED_LEG, say("leg_alone", LogType.ERROR, seconds=12.0), "error"),
    "stale data": (NoticeKind.STALE_DATA, say("quotes_stale", age=12.0), "warning"),
    "venue down": (NoticeKind.VENUE_DOWN, say("venue_unavailable", error="no answer"), "warning"),
    "difference": (NoticeKind.DIFFERENCE, differs, "warning"),
    "guardian": (NoticeKind.GUARDIAN, say("alert_neglected", LogType.ERROR, seconds=15), "error"),
    "kill switch": (NoticeKind.KILL_SWITCH, halted, "warning"),
    "limit near": (NoticeKind.LIMIT, near_a_limit, "warning"),
    "margin near": (NoticeKind.LIMIT, short_of_margin, "error"),
    "pair breaks": (NoticeKind.PAIR_BREAK, say("pair_broken", cycle=1, correlation=0.1), "warning"),
    "protective stop": (NoticeKind.PROTECTION, say("closed_protection", LogType.TRADE, pnl="-1"), "warning"),
    "liquidated": (NoticeKind.LIQUIDATION, say("liquidated", LogType.ERROR, amount="1"), "error"),
    "login": (NoticeKind.LOGIN, from_a_new_place, "warning"),
    "key failing": (
        NoticeKind.KEY,
        refused_key,
        "error",
    ),
    "silent program": (NoticeKind.ENGINE, silent, "error"),
    "finished": (NoticeKind.FINISHED, scanned, "warning"),
    "daily summary": (NoticeKind.DAILY, lambda bot: daily_summaries_tell(MORNING), "info"),
}
EACH_IS_NEWS = {NoticeKind.TRADE, NoticeKind.CLOSED, NoticeKind.TAKE_PROFIT, NoticeKind.STOP_LOSS,
                NoticeKind.PAIR_BREAK, NoticeKind.LIQUIDATION}  # fmt: skip
"""Two of these are two events; of the others the second is the same trouble."""


def test_the_table_knows_every_kind() -> None:
    assert {kind for kind, _happens, _severity in HAPPENS.values()} == set(CHOOSABLE)


@pytest.mark.parametrize("name", HAPPENS)
def test_it_is_sent_once(name: str, settings: Any, django_capture_on_commit_callbacks: Any) -> None:
    kind, happens, severity = HAPPENS[name]
    settings.ALERT_ALLOWED_HOSTS = ["127.0.0.1"]
    sink, bot = HttpSink(), make_open_bot()
    only = {"name": "Hook", "kinds": [kind.value]}
    channel_create(user=bot.owner, kind="webhook", address=sink.url, values=only)
    other = {"name": "Others", "kinds": [each for each in CHOOSABLE if each != kind]}
    channel_create(user=bot.owner, kind="webhook", address=f"{sink.url}/others", values=other)
    for _ in range(1 if kind in EACH_IS_NEWS else 2):
        bot.refresh_from_db()
        with django_capture_on_commit_callbacks(execute=True):
            happens(bot)
    later = timezone.now() + timedelta(minutes=1)
    send_everything(lambda: later)
    sink.close()
    told = [(path, body) for (path, _headers, _body), body in zip(sink.seen, sink.bodies, strict=True)]
    (sent,) = [body for path, body in told if path == "/hook"]
    assert (sent["kind"], sent["severity"]) == (kind, severity)
    assert sent["text"]
    assert "%(" not in sent["text"]
    assert kind not in [
        body["kind"] for (path, _, _), body in zip(sink.seen, sink.bodies, strict=True) if path != "/hook"
    ]
