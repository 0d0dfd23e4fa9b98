"""When a bot ran, from its journal; and what a report says of gaps, changed settings and refusals."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from bots.journal import lines as journal
from bots.models import Bot
from bots.tests.factories import make_bot
from exchanges.adapters.paper_source import to_ms
from trading.core.candles import Tape
from trading.core.types import config
from trading.models import LogType
from trading.parity.bars import Bars
from trading.parity.compare import Outcome, Pair
from trading.parity.holds import Hold, Holds
from trading.parity.reasons import Background, reasons_of
from trading.parity.stretches import Change, Rest, Stretch, cut, life_of, of_stretch
from trading.parity.words import reason_sentence
from trading.tests.parity.test_compare import BAR, decided

AT = datetime(2025, 3, 1, tzinfo=UTC)


def line(bot: Bot, minute: int, code: str, **figures: Any) -> None:
    journal.write(bot, code, log_type=LogType.INFO, market_time=AT + timedelta(minutes=minute), **figures)


def ms(minute: int) -> int:
    return to_ms(AT + timedelta(minutes=minute))


# --- the journal -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(databases=["default", "paper"])
def test_a_stretch_goes_from_a_start_to_the_next_rest_without_a_position() -> None:
    bot = make_bot()
    line(bot, 0, "started")
    line(bot, 5, "opened", spread=1.1)
    line(bot, 7, "paused", reason="by_user")
    line(bot, 20, "started")
    line(bot, 30, "closed_take_profit", spread=0.2)
    line(bot, 30, "paused", reason="after_close")
    line(bot, 50, "started")
    line(bot, 60, "stopped", reason="by_user")
    line(bot, 70, "started_from_here", spread=3.5)
    life = life_of(bot)
    assert life.stretches == (
        Stretch(ms(0), ms(30), 0.0, (Rest(ms(7), ms(20), "paused", "by_user"),), "after_close"),
        Stretch(ms(50), ms(60), 0.2, (), "by_user"),
        Stretch(ms(70), None, 3.5),
    )


@pytest.mark.django_db(databases=["default", "paper"])
def test_a_close_while_it_rests_ends_the_stretch() -> None:
    bot = make_bot()
    line(bot, 0, "started")
    line(bot, 5, "opened", spread=1.1)
    line(bot, 7, "paused", reason="by_user")
    line(bot, 30, "closed_stop_loss", spread=9.0)
    assert life_of(bot).stretches == (Stretch(ms(0), ms(30), 0.0, (), "by_user"),)


@pytest.mark.django_db(databases=["default", "paper"])
def test_another_pair_or_start_makes_everything_before_it_unknown() -> None:
    bot = make_bot()
    line(bot, 0, "started")
    line(bot, 5, "paused", reason="by_user")
    line(bot, 6, "changed", fields="profit_ratio, bot_name")
    line(bot, 8, "changed", fields="bot_name")
    assert life_of(bot).changes == (Change(ms(6), ("profit_ratio",)),)
    line(bot, 9, "changed", fields="market1_start_price, start_time")
    line(bot, 10, "started")
    life = life_of(bot)
    assert life.stretches == (Stretch(ms(10), None, 0.0),)
    assert (life.changes, life.known_since) == ((), ms(9))


def test_a_past_that_is_cut_begins_where_the_bot_was_flat_next() -> None:
    lived = [decided(2), decided(8, "take_profit", spread=0.4), decided(12)]
    (left,) = cut([Stretch(0, None, 0.0)], 5 * BAR, lived)
    assert (left.since, left.reference) == (8 * BAR + 1, 0.4)
    assert of_stretch([left], lived) == [[lived[2]]]
    assert cut([Stretch(0, 4 * BAR, 0.0)], 5 * BAR, lived) == []


# --- reasons ---------------------------------------------------------------------------------------------------------


def background(closes1: list[float], **changes: Any) -> Background:
    """Five-minute bars from 0 whose market 2 stands still at 2; opens a level of 100 at one point from 0."""
    count = len(closes1)
    times = np.arange(count, dtype=np.int64) * BAR
    closes = np.array(closes1)
    tape = Tape(times, np.r_[closes[0], closes[:-1]], closes, np.full(count, 2.0), np.full(count, 2.0))
    rules = config(spreads=[1.0], multipliers=[1.0], investment=100, cap=1000, start1=1.0, start2=2.0)
    known = Background(
        config=rules,
        bars=Bars("5m", tape, np.empty(0, np.int64)),
        stretch=Stretch(0, None, 0.0),
        lived=[],
        replayed=[],
        decided_until=(count - 1) * BAR,
        holds=Holds((), 600_000),
        changes=(),
        between_closes=True,
        half_spread=0.0,
    )
    return replace(known, **changes)


OPENED = decided(4, side=-1, spread=2.0, price1=1.02)
ONLY_REPLAYED = Pair(None, OPENED, Outcome.ONLY_REPLAYED)
ONLY_LIVE = Pair(replace(OPENED, at=4 * BAR - 60_000), None, Outcome.ONLY_LIVE)
RISING = [1.0, 1.0, 1.0, 1.02, 1.02, 1.02]


def told(pair: Pair, known: Background) -> list[tuple[str, str]]:
    return [(reason.code, reason_sentence(reason, "USDT")) for reason in reasons_of(pair, known)]


def test_a_wide_book_a_refused_level_and_old_quotes_are_the_journal_s_own_words() -> None:
    for details, words in (
        ({"code": "book_wide", "symbol": "GALA/USDT:USDT", "width": 0.31, "limit": 0.2}, "0.31 % wide, 0.20 % allowed"),
        ({"code": "quotes_stale", "symbol": "GALA/USDT:USDT", "age": 14.2}, "14.2 s old"),
        (
            {
                "code": "level_refused",
                "level": 1,
                "reason": "amount_min",
                "symbol": "A/B:B",
                "amount": 3,
                "minimum": 10,
            },
            "less than the smallest order of 10",
        ),
    ):
        known = background(RISING, replayed=[OPENED], holds=Holds((Hold(4 * BAR - 5_000, details),), 600_000))
        ((code, sentence),) = told(ONLY_REPLAYED, known)
        assert code == "journal"
        assert words in sentence


def test_a_line_about_another_level_or_time_explains_nothing() -> None:
    for hold in (
        Hold(4 * BAR, {"code": "level_refused", "level": 3, "reason": "margin"}),
        Hold(4 * BAR - 3_600_000, {"code": "book_crossed", "symbol": "A/B:B"}),
    ):
        ((code, sentence),) = told(ONLY_REPLAYED, background(RISING, replayed=[OPENED], holds=Holds((hold,), 600_000)))
        assert code == "missed"
        assert "+2.00 pp" in sentence


def test_a_missing_candle_is_named_and_nothing_is_invented() -> None:
    bars = replace(background(RISING).bars, missing=np.array([3 * BAR], dtype=np.int64))
    ((code, sentence),) = told(ONLY_LIVE, background(RISING, bars=bars))
    assert code == "candle_missing"
    assert "1970-01-01 00:15 UTC" in sentence


def test_a_quote_between_two_closes() -> None:
    ((code, sentence),) = told(ONLY_LIVE, background([1.0, 1.0, 1.0, 1.004, 1.0, 1.0]))
    assert code == "between_closes"
    assert "+2.00 pp between two closes; the candle closed at +0.40 pp" in sentence


def test_where_both_stood_when_an_earlier_difference_goes_on() -> None:
    before = decided(2, "take_profit", spread=1.5)
    known = background(RISING, lived=[before], replayed=[OPENED])
    ((code, sentence),) = told(ONLY_REPLAYED, known)
    assert code == "carried_reference"
    assert "the bot counts from +1.50 pp, the back-test from +0.00 pp" in sentence


def test_rest_end_and_settings_of_later() -> None:
    resting = Stretch(0, None, 0.0, (Rest(3 * BAR, 5 * BAR, "paused", "by_user"),))
    (code, sentence), (later, settings) = told(
        ONLY_REPLAYED, background(RISING, stretch=resting, changes=(Change(5 * BAR, ("profit_ratio",)),))
    )
    assert (code, later) == ("not_running", "settings_changed")
    assert "paused since 1970-01-01 00:15 UTC: by hand" in sentence
    assert "profit_ratio" in settings
    ended = Stretch(0, 3 * BAR, 0.0, (), "after_close")
    assert told(ONLY_REPLAYED, background(RISING, stretch=ended))[0][0] == "ended"


def test_what_a_hand_closed_and_what_has_no_candle_yet() -> None:
    by_hand = Pair(decided(4, "manual"), None, Outcome.ONLY_LIVE)
    assert told(by_hand, background(RISING))[0][0] == "by_hand"
    assert told(ONLY_LIVE, background(RISING[:4]))[0][0] == "not_replayed_yet"
