"""A bot on a stepped replay, and the back-test that it has to agree with."""

import time
from typing import Any

from django.utils import timezone

from accounts.models import User
from bots.models import Bot, BotStatus
from bots.services import bot_create, bot_start
from bots.tests.factories import SIX_LEVELS
from exchanges.models import ExchangeAccount
from exchanges.tests.series import CHZ, GALA, START, replay_account
from trading.core.backtest import BacktestResult, run_backtest
from trading.core.candles import Candles, align
from trading.core.types import config
from trading.models import Trade, TradeStatus
from trading.ticks import step_tape

FEE, SLIPPAGE = 0.0005, 0.0001


def bot_data(account: ExchangeAccount, **fields: Any) -> dict[str, Any]:
    """As posted by a user: six levels that decide on closed candles, with safety limits wide open."""
    return {
        "bot_name": "GALA/CHZ replay",
        "exchange_account": account.pk,
        "market1_symbol": GALA,
        "market2_symbol": CHZ,
        "start_time": START,
        "leverage": 10,
        "investment_per_order": "100",
        "max_position_value": "100000",
        "max_dca_times": 6,
        "dca_config": SIX_LEVELS,
        "profit_mode": "position",
        "profit_ratio": "1",
        "stop_loss_ratio": "10",
        "pause_after_close": False,
        "restart_after_stop_loss": True,
        "decide_on": "candle_close",
        "timeframe": "5m",
        "max_slippage": "20",
        "max_book_spread": "5",
    } | fields


def started_bot(user: User, account: ExchangeAccount | None = None, **fields: Any) -> Bot:
    account = account or replay_account(user, lot_rounding=False)
    bot = bot_create(actor=user, data=bot_data(account, **fields), now=timezone.now())
    return bot_start(actor=user, bot=bot, now=timezone.now())


def play(account: ExchangeAccount, *, seconds: float = 120) -> None:
    """To the end of the tape, or until no bot on it has anything to do."""
    deadline = time.monotonic() + seconds
    while not ended(account):
        step_tape(account, deadline=deadline, now=timezone.now)
        assert time.monotonic() < deadline, "the tape did not end in time"


def ended(account: ExchangeAccount) -> bool:
    working = Trade.objects.filter(bot__exchange_account=account, status=TradeStatus.WORKING)
    running = Bot.objects.filter(exchange_account=account, status=BotStatus.RUNNING)
    return not working.exists() and not running.exists()


def reference(
    first: Candles,
    second: Candles,
    *,
    rungs: list[dict[str, float]] = SIX_LEVELS,
    lot_step: float = 0.0,
    **fields: Any,
) -> BacktestResult:
    """The same bot in a back-test."""
    tape = align(first, second).tape
    rules = config(
        spreads=[row["spread"] for row in rungs],
        multipliers=[row["multiplier"] for row in rungs],
        investment=100,
        cap=100_000,
        start1=tape.opens1[0],
        start2=tape.opens2[0],
        fee1=FEE,
        fee2=FEE,
        slippage=SLIPPAGE,
        **fields,
    )
    return run_backtest(
        rules,
        tape,
        pause_after_close=False,
        restart_after_stop_loss=True,
        lot_step1=lot_step,
        lot_step2=lot_step,
    )


def lived(bot: Bot) -> list[tuple[str, int, int, float]]:
    """What the bot did: (action, level, side, spread) of every trade that was filled."""
    trades = Trade.objects.filter(bot=bot, status=TradeStatus.SETTLED).order_by("id")
    return [(trade.reason or trade.action, trade.level, trade.side, trade.spread) for trade in trades]


def backtested(result: BacktestResult) -> list[tuple[str, int, int, float]]:
    return [(row["action"], row["level"], row["side"], row["spread"]) for row in result.trade_rows()]
