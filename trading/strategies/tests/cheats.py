"""Strategies that look ahead, each in its own way, and the honest one that they imitate."""

from types import SimpleNamespace
from typing import Annotated, Any, NamedTuple

import numpy as np

from trading.strategies import (
    FLAT,
    LONG_SPREAD,
    NONE,
    OPEN,
    SHORT_SPREAD,
    TAKE_PROFIT,
    Config,
    Decision,
    Floats,
    Param,
    Quote,
    State,
    Strategy,
    Tape,
    rolling_z_score,
    spread_of,
)

WINDOW = 24


def gap_of(tape: Tape) -> Floats:
    return np.asarray(np.log(tape.closes1 / tape.closes2))


class Honest(Strategy):
    """Trades a signal: opens beyond 1, closes at 0."""

    name = "honest"
    title = "Honest"
    features = ("bar", "signal")

    class Parameters(NamedTuple):
        entry: Annotated[float, Param("Entry", above=0)] = 1.0

    @staticmethod
    def warmup(params: Any) -> int:
        return WINDOW

    @staticmethod
    def prepare(params: Any, tape: Tape) -> Floats:
        return with_bars(rolling_z_score(gap_of(tape), WINDOW))

    @staticmethod
    def decide(params: Any, config: Config, state: State, quote: Quote, features: Floats) -> Decision:
        return by_signal(params, config, state, quote, features[1])


def with_bars(signal: Floats) -> Floats:
    return np.column_stack([np.arange(len(signal), dtype=np.float64), signal])


def by_signal(params: Any, config: Config, state: State, quote: Quote, signal: float) -> Decision:
    spread = spread_of(config, quote)
    if state.side == FLAT:
        if abs(signal) >= params.entry:
            return Decision(OPEN, SHORT_SPREAD if signal > 0 else LONG_SPREAD, spread)
        return Decision(NONE, FLAT, spread)
    return Decision(TAKE_PROFIT if state.side * signal >= 0 else NONE, state.side, spread)


class NextClose(Honest):
    """pandas' shift(-1)."""

    name = "next_close"

    @staticmethod
    def prepare(params: Any, tape: Tape) -> Floats:
        gap = gap_of(tape)
        return with_bars(np.r_[1000 * np.diff(gap), np.nan])


class CentredWindow(Honest):
    name = "centred_window"

    @staticmethod
    def prepare(params: Any, tape: Tape) -> Floats:
        gap = gap_of(tape)
        smooth = np.convolve(np.pad(gap, 2, mode="edge"), np.ones(5) / 5, mode="valid")
        return with_bars(100 * (gap - smooth))


class WholeSeries(Honest):
    """Mean and deviation of everything, the future included."""

    name = "whole_series"

    @staticmethod
    def prepare(params: Any, tape: Tape) -> Floats:
        gap = gap_of(tape)
        return with_bars((gap - gap.mean()) / (gap.std() or 1.0))


class HighestToCome(Honest):
    name = "highest_to_come"

    @staticmethod
    def prepare(params: Any, tape: Tape) -> Floats:
        gap = gap_of(tape)
        to_come = np.maximum.accumulate(gap[::-1])[::-1]
        return with_bars(100 * (gap - to_come))


class LastValueFirst(Honest):
    """Fills what is not known yet backwards: only the warm-up looks ahead."""

    name = "backward_fill"

    @staticmethod
    def prepare(params: Any, tape: Tape) -> Floats:
        signal = rolling_z_score(gap_of(tape), WINDOW)
        if len(signal) >= WINDOW:
            signal[: WINDOW - 1] = signal[WINDOW - 1]
        return with_bars(signal)


class KnowsTheLength(Honest):
    """Closes everything before the data end."""

    name = "knows_the_length"

    @staticmethod
    def prepare(params: Any, tape: Tape) -> Floats:
        left = np.arange(len(tape), 0, -1.0)
        return with_bars(np.where(left > 10, rolling_z_score(gap_of(tape), WINDOW), 0.0))


MEMORY = SimpleNamespace(gap=np.empty(0))


class PeeksWhileDeciding(Honest):
    """Honest features; the decision reads the next close out of what `prepare` kept."""

    name = "peeks_while_deciding"

    @staticmethod
    def prepare(params: Any, tape: Tape) -> Floats:
        MEMORY.gap = gap_of(tape)
        return Honest.prepare(params, tape)

    @staticmethod
    def decide(params: Any, config: Config, state: State, quote: Quote, features: Floats) -> Decision:
        following = MEMORY.gap[int(features[0]) + 1 :][:1]
        moved = -400 * float(following[0] - MEMORY.gap[int(features[0])]) if len(following) else 0.0
        return by_signal(params, config, state, quote, moved)


class Remembers(Honest):
    """Keeps the longest history that it was ever given, and looks up what comes next in it."""

    name = "remembers"

    @staticmethod
    def prepare(params: Any, tape: Tape) -> Floats:
        if len(tape) > len(MEMORY.gap):
            MEMORY.gap = gap_of(tape)
        known = MEMORY.gap[: len(tape) + 1]
        return with_bars(1000 * np.r_[np.diff(known), np.full(len(tape) + 1 - len(known), np.nan)][: len(tape)])


class Fails(Honest):
    """Cannot do with less than its window."""

    name = "fails"

    @staticmethod
    def prepare(params: Any, tape: Tape) -> Floats:
        windows = np.lib.stride_tricks.sliding_window_view(gap_of(tape), WINDOW)
        return with_bars(np.r_[np.full(WINDOW - 1, np.nan), windows.mean(axis=1)])


FEATURE_CHEATS = (NextClose, CentredWindow, WholeSeries, HighestToCome, LastValueFirst, KnowsTheLength, Remembers)
