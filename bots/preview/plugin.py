"""What a bot of another strategy than the spread would meet: its orders in figures, and what it would have done."""

import logging
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from bots.ladder.rows import notional_upto
from bots.ladder.sizes import Held, WantedLevel, ladder_sizes
from bots.ladder.table import Level, Terms
from bots.models import Bot
from bots.preview.history import history_of
from bots.settings.pair_rules import Pair
from bots.strategies.bars import bars_of
from bots.strategies.settings import plugin_of
from exchanges.adapters.base import VenueQuote
from exchanges.timeframes import timeframe_ms
from trading.core.backtest import Prepared, run_backtest
from trading.core.candles import Tape
from trading.core.types import Config

log = logging.getLogger(__name__)

BARS_LEAST: Final = 2
BARS_MOST: Final = 5_000
"""Of its own candles: decided in plain Python, some hundredths of a second."""


def order_table(sketch: Bot, pair: Pair, quotes: tuple[VenueQuote, VenueQuote], terms: Terms) -> list[Level]:
    """Every order of a cycle at today's prices and ratio of the legs. When each is placed is the strategy's own
    decision."""
    notionals = [
        sketch.investment_per_order * Decimal(str(row["multiplier"]))
        for row in sketch.dca_config[: sketch.max_dca_times]
    ]
    wanted = [
        WantedLevel(level, notional, quotes[0].mid, quotes[1].mid, terms.ratio)
        for level, notional in enumerate(notionals, start=1)
    ]
    sizes = ladder_sizes(*pair.rules, 1, wanted, held=Held(), max_imbalance=terms.max_imbalance)
    found = []
    for level, (notional, size) in enumerate(zip(notionals, sizes, strict=True), start=1):
        invested = notional_upto(sketch.dca_config, level, sketch.investment_per_order)
        value = len(sketch.legs) * invested
        row = sketch.dca_config[level - 1]
        found.append(
            Level(
                level=level,
                step=row["spread"],
                multiplier=row["multiplier"],
                at_short=0.0,
                at_long=0.0,
                notional=notional,
                invested=invested,
                margin=value / sketch.leverage,
                allowed=value <= sketch.max_position_value,
                side=1,
                break_even=None,
                take_profit=None,
                stop_loss=None,
                liquidation=None,
                sizes=size,
            )
        )
    return found


def plugin_history(
    sketch: Bot, config: Config, begin: datetime, end: datetime, lot_steps: tuple[float, float]
) -> tuple[Tape, dict[str, Any] | None]:
    """The bars of that time in its own candles, the latest of them, and what it would have done with them; None where
    it could not have traded, or fails. Raises ExchangeError."""
    plugin, length = plugin_of(sketch.strategy), timedelta(milliseconds=timeframe_ms(sketch.timeframe))
    assert plugin is not None
    bound = plugin.bind(sketch.strategy_params)
    wanted = max(1, min(BARS_MOST, (end - begin) // length))
    tape = bars_of(sketch, bound, _last_open(end, length), end, bars=wanted)
    shown = tape.part(slice(-wanted, None))
    if len(shown) < BARS_LEAST or config.take_profit <= 0.0:
        return shown, None
    try:
        features = bound.prepare(tape)[-wanted:] if bound.features else None
        ratios = bound.leg_ratios(features)
        result = run_backtest(
            config,
            shown,
            strategy=Prepared(bound.plain_decide, bound.params or None, features, ratios),
            pause_after_close=False,
            restart_after_stop_loss=sketch.restart_after_stop_loss,
            lot_step1=lot_steps[0],
            lot_step2=lot_steps[1],
            max_imbalance=float(sketch.max_imbalance) / 100.0,
        )
    except Exception:  # a strategy is foreign code: the form is shown without its past
        log.warning("No history of the strategy %s", bound.name, exc_info=True)
        return shown, None
    return shown, history_of(result, config.levels)


def _last_open(end: datetime, length: timedelta) -> datetime:
    """Of the last candle that is closed then."""
    ms, step = round(end.timestamp() * 1000), length // timedelta(milliseconds=1)
    return datetime.fromtimestamp((ms // step - 1) * step / 1000, UTC)
