"""What a cycle's opening order is worth now, by the bot's choice of position sizing."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError

from bots.models import Bot
from bots.strategies.words import complaint
from exchanges.bar_windows import last_bars
from exchanges.timeframes import timeframe_ms
from trading.core.candles import align, single
from trading.core.position_sizing import VOLATILITY, Results, Sizing, daily_volatility, investment_of, with_result
from trading.models import Cycle, Purpose, Trade, TradeStatus
from trading.strategies.parameters import ParametersRefused
from trading.strategies.position_sizes import read_sizes, sizing_of

CENT: Final = Decimal("0.00000001")
NO_RESULTS: Final = Results(0, 0.0, 0.0)


def read_sizing(value: Any) -> dict[str, Any]:
    """Raises ValidationError with everything that is wrong."""
    try:
        return read_sizes(value)
    except ParametersRefused as refused:
        texts = [
            complaint(problem) if problem.code == "object" else f"{problem.name}: {complaint(problem)}"
            for problem in refused.problems
        ]
        raise ValidationError([ValidationError(text, code="sizing") for text in texts]) from None


def investment_now(bot: Bot, market_time: datetime) -> Decimal:
    """One leg's notional of the first level: of the cycle under way what it opened with; 0 where nothing may open.

    Raises ExchangeError where volatility is asked for and candles cannot be had.
    """
    sizing = sizing_of(bot.sizing)
    if sizing is None:
        return bot.investment_per_order
    if not bot.is_flat:
        return _opened_with(bot)
    volatility = _volatility(bot, sizing, market_time) if sizing.mode == VOLATILITY else 0.0
    results = _results(bot) if bot.pk else NO_RESULTS
    found = investment_of(sizing, float(bot.total_profit), volatility, results)
    return Decimal(str(found)).quantize(CENT)


def _opened_with(bot: Bot) -> Decimal:
    opening = Trade.objects.filter(
        bot=bot, cycle_number=bot.current_cycle, action=Purpose.OPEN, status=TradeStatus.SETTLED
    )
    notional = opening.order_by("-id").values_list("notional", flat=True).first()
    if notional is None:
        return bot.investment_per_order
    return notional / Decimal(str(bot.dca_config[0]["multiplier"]))


def _results(bot: Bot) -> Results:
    found = NO_RESULTS
    closed = Cycle.objects.filter(bot=bot, closed_at__isnull=False).order_by("number")
    for pnl, invested in closed.values_list("realised_pnl", "invested"):
        found = with_result(found, float(pnl), float(invested))
    return found


def _volatility(bot: Bot, sizing: Sizing, market_time: datetime) -> float:
    length = timeframe_ms(bot.timeframe)
    opened = (round(market_time.timestamp() * 1000) // length - 1) * length
    until = datetime.fromtimestamp(opened / 1000, UTC)
    series = [
        last_bars(bot.account_of(leg), bot.symbol_of(leg), bot.timeframe, until=until, bars=sizing.window + 1)
        for leg in bot.legs
    ]
    tape = align(*series).tape if len(series) > 1 else single(series[0])
    return float(daily_volatility(tape, sizing.window, length)[-1]) if len(tape) else float("nan")
