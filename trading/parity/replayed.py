"""What the back-test engine decides over the same time: stretch by stretch, each from where the bot stood then."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bots.config import core_config
from bots.models import Bot, DecideOn
from exchanges import paper_config, tape
from exchanges.history import candles
from exchanges.models import ExchangeAccount, PaperSource
from trading.core.backtest import BacktestResult, run_backtest
from trading.core.candles import Tape
from trading.core.fills import Minimums
from trading.core.funding import FundingRates, FundingSchedule, funding_schedule, mark_at
from trading.core.sizing import MarketRules
from trading.core.types import ACTION_NAMES, Config
from trading.parity.bars import Bars
from trading.parity.decisions import Decided
from trading.parity.strategies import strategy_over
from trading.parity.stretches import Stretch

Rules = tuple[MarketRules, MarketRules]
Payments = dict[str, list[tuple[int, float]]]
OPENS: Final = "open"


@dataclass(frozen=True, slots=True)
class ReplayedCycle:
    """`fees` are paid (positive), `funding` received."""

    pnl: float
    fees: float
    funding: float


@dataclass(frozen=True, slots=True)
class Span:
    """Closes of the first and the last candle that count."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Replay:
    """Of one stretch. `cycles`: those that closed, by the cycle numbers of `decided` (from 1)."""

    decided: tuple[Decided, ...]
    cycles: dict[int, ReplayedCycle]
    decided_until: int
    """The close of the last candle on which something could be decided: the very last one has no bar that fills."""


def config_of(bot: Bot, rules: Rules) -> Config:
    """The bot's rules, with the slippage that its paper account charges; of a real venue nobody knows it beforehand."""
    return core_config(bot, *rules, slippage=slippage_of(bot))


def slippage_of(bot: Bot) -> float:
    account = bot.exchange_account
    return float(paper_config.parse(account.paper_config).slippage) if account.is_paper else 0.0


def half_spread_of(bot: Bot) -> float:
    account = bot.exchange_account
    return float(paper_config.parse(account.paper_config).half_spread) if account.is_paper else 0.0


def _minimums(rules: Rules) -> Minimums:
    one, two = rules
    return Minimums(float(one.amount_min), float(two.amount_min), float(one.notional_min), float(two.notional_min))


def replayed(bot: Bot, config: Config, rules: Rules, bars: Bars, stretch: Stretch, span: Span) -> Replay:
    part = _part(bars, span)
    if not len(part):
        return Replay((), {}, 0)
    result = run_backtest(
        config,
        part,
        strategy=strategy_over(
            bot, part, reference=stretch.reference, half_spread=half_spread_of(bot), slippage=config.slippage
        ),
        pause_after_close=bot.pause_after_close,
        restart_after_stop_loss=bot.restart_after_stop_loss,
        lot_step1=float(rules[0].amount_step),
        lot_step2=float(rules[1].amount_step),
        max_imbalance=float(bot.max_imbalance) / 100.0,
        minimums=_minimums(rules),
        funding=_funding(bot, part),
    )
    return _cut_to(stretch, _decided(config, part, bars.bar_ms, result), _cycles(result), part, bars.bar_ms)


def span_of(bot: Bot, bars: Bars, stretches: Sequence[Stretch], place: int, lived: Sequence[Decided]) -> Span:
    """The candles on which the bot could decide in a stretch, up to where the next one begins."""
    stretch, rest = stretches[place], stretches[place + 1 : place + 2]
    last = max(rest[0].since, _candle_end(stretch, bars.bar_ms)) if rest else bars.end
    if bot.decide_on != DecideOn.CANDLE_CLOSE:
        return Span(stretch.since, last)
    before = max((one.candle for one in lived if one.at < stretch.since), default=0)
    first = max(stretch.since // bars.bar_ms * bars.bar_ms, before + 1)  # what had closed already is decided on at once
    if tape.is_stepped(bot.exchange_account) and place and first not in {one.candle for one in lived}:
        first += 1  # the tape stood at a candle that the bot had seen before it was started again
    return Span(first, last)


def _part(bars: Bars, span: Span) -> Tape:
    """One more bar than is decided on: it fills the last decision."""
    closes = bars.tape.times + bars.bar_ms
    start, end = np.searchsorted(closes, span.first, side="left"), np.searchsorted(closes, span.last, side="right")
    return bars.tape.part(slice(int(start), int(end) + 1))


def _candle_end(stretch: Stretch, bar_ms: int) -> int:
    return -(-(stretch.until or 0) // bar_ms) * bar_ms


def _decided(config: Config, part: Tape, bar_ms: int, result: BacktestResult) -> list[Decided]:
    """A trade was decided at the close of the bar before the one that filled it."""
    before = np.searchsorted(part.times, result.t) - 1
    closed = result.closes.astype(np.int64)
    cycles = np.cumsum(closed) - closed + 1
    found = []
    for i, bar in enumerate(before.tolist()):
        candle, level = int(part.times[bar]) + bar_ms, int(result.level[i])
        is_close = bool(result.closes[i])
        found.append(
            Decided(
                key=i,
                at=candle,
                candle=candle,
                action=ACTION_NAMES[int(result.action[i])],
                level=level,
                side=int(result.side[i]),
                spread=float(result.spread[i]),
                price1=float(part.closes1[bar]),
                price2=float(part.closes2[bar]),
                q1=float(result.q1[i]),
                p1=float(result.p1[i]),
                q2=float(result.q2[i]),
                p2=float(result.p2[i]),
                fees=float(result.fees[i]),
                notional=0.0 if is_close else config.investment * config.multipliers[level - 1],
                cycle=int(cycles[i]),
            )
        )
    return found


def _cycles(result: BacktestResult) -> dict[int, ReplayedCycle]:
    found: dict[int, ReplayedCycle] = {}
    fees = 0.0
    for i in range(len(result.t)):
        fees += float(result.fees[i])
        if result.closes[i]:
            found[len(found) + 1] = ReplayedCycle(float(result.pnl[i]), fees, float(result.funding[i]))
            fees = 0.0
    return found


def _cut_to(
    stretch: Stretch, decided: Sequence[Decided], cycles: dict[int, ReplayedCycle], part: Tape, bar_ms: int
) -> Replay:
    """What was open when the bot came to rest is followed to its close; nothing is opened after that."""
    until = int(part.times[-2]) + bar_ms if len(part) > 1 else 0
    if stretch.until is not None:
        end = _candle_end(stretch, bar_ms)
        stop = next((i for i, one in enumerate(decided) if one.action == OPENS and one.candle > end), len(decided))
        decided = decided[:stop]
    kept = {one.cycle for one in decided}
    return Replay(tuple(decided), {number: cycle for number, cycle in cycles.items() if number in kept}, until)


def _funding(bot: Bot, part: Tape) -> FundingSchedule:
    found = [_recorded(bot.account_of(leg), bot.symbol_of(leg), part, leg) for leg in bot.legs]
    return funding_schedule(part.times, found[0], found[1] if len(found) > 1 else None)


def _recorded(account: ExchangeAccount, symbol: str, part: Tape, leg: int) -> FundingRates | None:
    """A replay pays what was recorded; the mark is the open of the bar at the stamp, as its venue reckons."""
    if not (account.is_paper and account.paper_source == PaperSource.REPLAY):
        return None
    found = candles.load_funding(account.paper_venue, symbol)
    if found is None:
        return None
    stamps, rates = found
    within = (stamps >= part.times[0]) & (stamps <= part.times[-1])
    opens = part.opens1 if leg == 1 else part.opens2
    return FundingRates(stamps[within], rates[within], mark_at(stamps[within], part.times, opens))
