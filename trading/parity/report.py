"""A bot's past against the back-test of the same time: every decision of both, and what each closed cycle came to."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from django.core.cache import cache
from django.db.models import Max
from redis import RedisError

from bots.config import bot_rules
from bots.models import Bot, DecideOn
from bots.strategies.settings import SPREAD
from exchanges.adapters.paper_source import to_ms
from exchanges.registry import venue_of
from exchanges.timeframes import HOUR_MS
from trading.core.strategy_failed import StrategyFailed
from trading.core.types import Config
from trading.models import Trade, TradeLog
from trading.parity.bars import Bars, bars_of
from trading.parity.compare import Outcome, Pair, compared
from trading.parity.decisions import Decided
from trading.parity.holds import Holds, holds_of
from trading.parity.lived import LivedCycle, lived_cycles, lived_decisions
from trading.parity.money import CycleMoney, Parts, cycles_side_by_side, pair_parts, totals
from trading.parity.reasons import Background, Reason, reasons_of
from trading.parity.replayed import Rules, config_of, half_spread_of, replayed, span_of
from trading.parity.stretches import Change, Life, Stretch, cut, life_of, of_stretch
from trading.strategies.parameters import ParametersRefused

REACH_BARS: Final = 12
KEPT_S: Final = 60


@dataclass(frozen=True, slots=True)
class Line:
    """One decision of either side, or of both. `slippage`: what the bot's fills cost beside the back-test's."""

    pair: Pair
    reasons: tuple[Reason, ...]
    slippage: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """`problem` (a code of `parity.words`) says why there is nothing to compare. Times in ms, money in quote currency.

    `earlier`: decisions of the bot before `since` that could not be compared, as candles or settings are not known.
    """

    problem: str = ""
    timeframe: str = ""
    since: int = 0
    until: int = 0
    bars: int = 0
    missing: int = 0
    slippage_bps: float = 0.0
    between_closes: bool = False
    earlier: int = 0
    changes: tuple[Change, ...] = ()
    lines: tuple[Line, ...] = ()
    cycles: tuple[CycleMoney, ...] = ()
    lived_pnl: float = 0.0
    replayed_pnl: float = 0.0
    parts: Parts = field(default_factory=Parts)

    def count(self, outcome: Outcome) -> int:
        return Counter(line.pair.outcome for line in self.lines)[outcome]

    @property
    def lived_decisions(self) -> int:
        return sum(line.pair.lived is not None for line in self.lines)

    @property
    def is_exact(self) -> bool:
        return all(line.pair.outcome is Outcome.SAME for line in self.lines)


def parity_of(bot: Bot) -> Report:
    """Kept for a minute, and anew as soon as the bot has traded or its journal grew.

    Raises ExchangeError and ValidationError where the bot's markets cannot be read.
    """
    marks = (
        Trade.objects.filter(bot=bot).aggregate(last=Max("pk"))["last"],
        TradeLog.objects.filter(bot=bot).aggregate(last=Max("pk"))["last"],
    )
    key = f"parity:{bot.pk}:{bot.updated_at.timestamp()}:{marks[0]}:{marks[1]}"
    known = _kept(key)
    if known is not None:
        return known
    report = parity_report(bot)
    _keep(key, report)
    return report


def parity_report(bot: Bot) -> Report:
    """The same, made anew. Raises ExchangeError and ValidationError."""
    life = life_of(bot)
    if not life.stretches or not life.stretches[0].since:
        return Report(problem="not_lived")
    rules = bot_rules(bot)
    config = config_of(bot, rules)
    if config.take_profit <= 0:
        return Report(problem="getting_out")
    begin = life.stretches[0].since
    bars = bars_of(bot, begin, to_ms(venue_of(bot.exchange_account).clock()))
    if len(bars.tape) < 2:
        return Report(problem="no_candles")
    try:
        return _Comparison(bot, life, rules, config, bars, begin).report()
    except (LookupError, ParametersRefused, StrategyFailed):
        return Report(problem="no_strategy")


class _Comparison:
    """Stretch by stretch; what they share is read once."""

    def __init__(self, bot: Bot, life: Life, rules: Rules, config: Config, bars: Bars, begin: int) -> None:
        self.bot, self.life, self.rules, self.config, self.bars = bot, life, rules, config, bars
        self.all_lived = lived = lived_decisions(bot, bars.bar_ms)
        first = int(bars.tape.times[0])
        self.stretches: Sequence[Stretch] = life.stretches if first <= begin else cut(life.stretches, first, lived)
        self.lived = of_stretch(self.stretches, lived)
        self.earlier = len(lived) - sum(len(part) for part in self.lived)
        self.holds: Holds = holds_of(bot)
        self.money: dict[int, LivedCycle] = lived_cycles(bot)
        self.lines: list[Line] = []
        self.cycles: list[CycleMoney] = []

    def report(self) -> Report:
        if not self.stretches:
            return Report(problem="no_candles", earlier=self.earlier)
        for place in range(len(self.stretches)):
            self._compare(place)
        lived_pnl, replayed_pnl, parts = totals(self.cycles)
        return Report(
            timeframe=self.bars.timeframe,
            since=max(self.stretches[0].since, int(self.bars.tape.times[0])),
            until=self.bars.end,
            bars=len(self.bars.tape),
            missing=len(self.bars.missing),
            slippage_bps=self.config.slippage * 10_000,
            between_closes=self._between_closes,
            earlier=self.earlier,
            changes=self.life.changes,
            lines=tuple(self.lines),
            cycles=tuple(self.cycles),
            lived_pnl=lived_pnl,
            replayed_pnl=replayed_pnl,
            parts=parts,
        )

    @property
    def _between_closes(self) -> bool:
        return self.bot.decide_on != DecideOn.CANDLE_CLOSE

    def _compare(self, place: int) -> None:
        stretch, lived = self.stretches[place], self.lived[place]
        span = span_of(self.bot, self.bars, self.stretches, place, self.all_lived)
        replay = replayed(self.bot, self.config, self.rules, self.bars, stretch, span)
        reach = max(REACH_BARS * self.bars.bar_ms, HOUR_MS)
        pairs = compared(lived, replay.decided, reach_ms=reach, between_closes=self._between_closes)
        known = self._background(stretch, lived, replay.decided, replay.decided_until)
        self.lines += [Line(pair, tuple(reasons_of(pair, known)), _slippage(pair)) for pair in pairs]
        self.cycles += cycles_side_by_side(pairs, self.money, replay.cycles)

    def _background(
        self, stretch: Stretch, lived: Sequence[Decided], decided: Sequence[Decided], decided_until: int
    ) -> Background:
        return Background(
            config=self.config,
            bars=self.bars,
            stretch=stretch,
            lived=lived,
            replayed=decided,
            decided_until=decided_until,
            holds=self.holds,
            changes=self.life.changes,
            between_closes=self._between_closes,
            half_spread=half_spread_of(self.bot),
            is_spread=self.bot.strategy == SPREAD,
        )


def _slippage(pair: Pair) -> float | None:
    return pair_parts(pair).slippage if pair.lived and pair.replayed else None


def _kept(key: str) -> Report | None:
    try:
        found = cache.get(key)
    except (RedisError, OSError):
        return None
    return found if isinstance(found, Report) else None


def _keep(key: str, report: Report) -> None:
    try:
        cache.set(key, report, KEPT_S)
    except (RedisError, OSError):
        return
