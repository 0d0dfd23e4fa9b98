"""Why a decision is not the back-test's: what each side would have decided on the other's prices, and what was on
record at that time. Every reason carries the figures that it rests on."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from trading.core.decide import decide
from trading.core.pnl import pnl_pct
from trading.core.spread import spread_pct
from trading.core.types import ACTION_NAMES, Config, Decision, Quote, State, quote
from trading.parity.bars import Bars
from trading.parity.compare import Outcome, Pair
from trading.parity.decisions import BY_ITSELF, Decided, state_after
from trading.parity.holds import Holds
from trading.parity.money import pair_parts
from trading.parity.stretches import Change, Rest, Stretch

SMALLEST_COST: Final = 0.005
"""Of a slippage that is worth a word, in quote currency."""


@dataclass(frozen=True, slots=True)
class Reason:
    """`code` names the sentence (`parity.words`), `figures` its numbers: times in ms, spreads in pp, money in quote."""

    code: str
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Background:
    """All that is known of one stretch; `decided_until`: the close of the last candle that the back-test decided on."""

    config: Config
    bars: Bars
    stretch: Stretch
    lived: Sequence[Decided]
    replayed: Sequence[Decided]
    decided_until: int
    holds: Holds
    changes: Sequence[Change]
    between_closes: bool
    half_spread: float
    is_spread: bool = True


def reasons_of(pair: Pair, known: Background) -> list[Reason]:
    """In order of weight; never empty where the decisions differ."""
    if pair.outcome is Outcome.SAME:
        return [*_early(pair, known), *_slippage(pair)]
    found = _on_record(pair, known) or _reckoned(pair, known)
    return [*found, *_changed(pair, known), *_slippage(pair)]


def _early(pair: Pair, known: Background) -> list[Reason]:
    lived, replayed = pair.lived, pair.replayed
    assert lived is not None
    assert replayed is not None
    if not known.between_closes or (lived.at == replayed.at and lived.spread == replayed.spread):
        return []
    seconds = (replayed.at - lived.at) / 1000
    return [Reason("before_close", {"seconds": seconds, "spread": lived.spread, "close": replayed.spread})]


def _slippage(pair: Pair) -> list[Reason]:
    lived, replayed = pair.lived, pair.replayed
    if lived is None or replayed is None:
        return []
    cost = pair_parts(pair).slippage
    if abs(cost) < SMALLEST_COST:
        return []
    value = abs(lived.q1 * lived.price1) + abs(lived.q2 * lived.price2)
    return [Reason("slippage", {"money": cost, "bps": abs(cost) / value * 10_000 if value else 0.0})]


def _on_record(pair: Pair, known: Background) -> list[Reason]:
    """What rows say by themselves."""
    lived, replayed = pair.lived, pair.replayed
    if lived is not None and lived.action not in BY_ITSELF:
        return [Reason("by_hand" if lived.action == "manual" else "leg_alone", {"at": lived.at})]
    if lived is not None and lived.candle > known.decided_until:
        return [Reason("not_replayed_yet", {"at": known.decided_until})]
    if gap := _gap(pair.candle, known.bars):
        return [gap]
    if replayed is not None and (rest := _rest(replayed.at, known.stretch)):
        return [Reason("not_running", {"status": rest.status, "at": rest.since, "because": rest.reason})]
    if replayed is not None and known.stretch.until is not None and replayed.at > known.stretch.until:
        return [Reason("ended", {"at": known.stretch.until, "because": known.stretch.reason})]
    return []


def _gap(candle: int, bars: Bars) -> Reason | None:
    opened = candle - bars.bar_ms
    i = int(np.searchsorted(bars.missing, opened))
    if i >= len(bars.missing) or bars.missing[i] != opened:
        return None
    return Reason("candle_missing", {"at": opened, "bars": len(bars.missing)})


def _rest(at: int, stretch: Stretch) -> Rest | None:
    return next((rest for rest in stretch.rests if rest.since <= at and (rest.until is None or at < rest.until)), None)


def _changed(pair: Pair, known: Background) -> list[Reason]:
    """Settings that came later: the back-test knows them already, what was before is not on record."""
    later = [change for change in known.changes if change.at > pair.candle]
    if not later:
        return []
    fields = sorted({name for change in later for name in change.fields})
    return [Reason("settings_changed", {"at": later[0].at, "fields": fields})]


def _reckoned(pair: Pair, known: Background) -> list[Reason]:
    """From what either side would have decided in the other's place."""
    lived, replayed = pair.lived, pair.replayed
    if not known.is_spread:
        return [_of_another_strategy(pair, known)]
    if replayed is not None and (lived is None or replayed.candle < lived.candle):
        return [_why_not_lived(replayed, known)]
    assert lived is not None
    return [_why_not_replayed(lived, replayed, known)]


def _of_another_strategy(pair: Pair, known: Background) -> Reason:
    """It is not asked again: a note of the journal, other prices, or a signal that was missed."""
    lived, replayed = pair.lived, pair.replayed
    if replayed is not None:
        hold = known.holds.near(
            replayed.candle - known.bars.bar_ms, replayed.candle + known.bars.bar_ms, replayed.level
        )
        if hold is not None:
            return Reason("journal", {"at": hold.at, "details": hold.details})
    if lived is None:
        assert replayed is not None
        return Reason("missed", {"spread": replayed.spread, "level": 0, "percent": None})
    closes = _closes(lived.candle, known.bars) or (lived.price1, lived.price2)
    spread = float(spread_pct(*closes, known.config.start1, known.config.start2))
    return Reason(
        "other_prices",
        {"spread": lived.spread, "close": spread, "prices": [lived.price1, lived.price2, *closes]},
    )


def _why_not_lived(replayed: Decided, known: Background) -> Reason:
    """The back-test decided and the bot did not (or not yet)."""
    stood = state_after((one for one in known.lived if one.at < replayed.at), known.stretch.reference)
    theirs = _state_before(replayed, known)
    close = _quote(known.half_spread, replayed.price1, replayed.price2)
    would = decide(known.config, stood, close)
    if not _is(would, replayed):
        return _carried(known.config, stood, theirs, close, replayed)
    hold = known.holds.near(replayed.candle - known.bars.bar_ms, replayed.candle + known.bars.bar_ms, replayed.level)
    if hold is not None:
        return Reason("journal", {"at": hold.at, "details": hold.details})
    return Reason("missed", {"spread": replayed.spread, **_standing(known.config, stood, close)})


def _why_not_replayed(lived: Decided, replayed: Decided | None, known: Background) -> Reason:
    """The bot decided and the back-test did not, later, or otherwise."""
    before = [one for one in known.replayed if one.candle < lived.candle and one is not replayed]
    theirs = state_after(before, known.stretch.reference)
    stood = state_after((one for one in known.lived if one.at < lived.at), known.stretch.reference)
    seen = _quote(known.half_spread, lived.price1, lived.price2)
    if not _is(decide(known.config, theirs, seen), lived):
        return _carried(known.config, stood, theirs, seen, lived)
    closes = _closes(lived.candle, known.bars)
    if closes is None:
        return Reason("candle_missing", {"at": lived.candle - known.bars.bar_ms, "bars": len(known.bars.missing)})
    spread = float(spread_pct(*closes, known.config.start1, known.config.start2))
    code = "between_closes" if known.between_closes else "other_prices"
    return Reason(code, {"spread": lived.spread, "close": spread, "prices": [lived.price1, lived.price2, *closes]})


def _carried(config: Config, stood: State, theirs: State, seen: Quote, of: Decided) -> Reason:
    """An earlier difference goes on: where both stood, in the figure that decides."""
    if (stood.level, stood.side) != (theirs.level, theirs.side):
        return Reason(
            "carried_level",
            {"level": stood.level, "side": stood.side, "other_level": theirs.level, "other_side": theirs.side},
        )
    if of.action == "open":
        return Reason("carried_reference", {"spread": stood.reference, "other": theirs.reference})
    if of.action == "add":
        return Reason("carried_last", {"spread": stood.last_spread, "other": theirs.last_spread})
    if config.regression and of.action == "take_profit":
        return Reason("carried_first", {"spread": stood.first_spread, "other": theirs.first_spread})
    limit = -config.stop_loss if of.action == "stop_loss" else config.take_profit
    mine, other = pnl_pct(config, stood, seen), pnl_pct(config, theirs, seen)
    return Reason("carried_pnl", {"percent": mine, "other": other, "limit": limit})


def _standing(config: Config, state: State, close: Quote) -> dict[str, Any]:
    if not state.level:
        return {"level": 0, "percent": None}
    return {"level": state.level, "percent": pnl_pct(config, state, close)}


def _state_before(replayed: Decided, known: Background) -> State:
    return state_after((one for one in known.replayed if one.key < replayed.key), known.stretch.reference)


def _is(decision: Decision, one: Decided) -> bool:
    return ACTION_NAMES[decision.action] == one.action and decision.side == one.side


def _quote(half_spread: float, p1: float, p2: float) -> Quote:
    down, up = 1.0 - half_spread, 1.0 + half_spread
    return quote(p1, p2, p1 * down, p1 * up, p2 * down, p2 * up)


def _closes(candle: int, bars: Bars) -> tuple[float, float] | None:
    opened = candle - bars.bar_ms
    times = bars.tape.times
    i = bisect_left(times, opened)
    if i >= len(times) or times[i] != opened:
        return None
    return float(bars.tape.closes1[i]), float(bars.tape.closes2[i])
