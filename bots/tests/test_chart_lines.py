"""A strategy's own lines on its bot's chart: those of a report, at the closes of its bars; none where it fails."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import translation

from bots.charts.lines import POINTS_LEAST, POINTS_MOST, strategy_lines
from bots.charts.words import chart_words
from bots.models import Bot
from bots.strategies.registry import BUILT_IN, strategy_of
from bots.tests.factories import make_bot, make_user, make_viewer
from bots.tests.page_client import client_of
from exchanges.tests.series import CHZ, GALA, START, candle_dir, replay_account, store_pair, stored_pair  # noqa: F401
from trading.core.candles import Candles, align, single
from trading.models import CloseReason

pytestmark = pytest.mark.django_db(databases=["default", "paper"])

BAR = timedelta(minutes=5)
BAR_MS = 300_000
Pair = tuple[Candles, Candles]


def bot_of(name: str, *, at: datetime, **fields: Any) -> Bot:
    plugin = strategy_of(name)
    symbols = {"market1_symbol": GALA, "market2_symbol": CHZ if plugin.markets == 2 else ""}
    account = replay_account(make_user(), start=at)
    params = {"strategy": name, "strategy_params": plugin.bind({}).as_json(), "timeframe": "5m"}
    return make_bot(account=account, start_time=START, market1_start_price="0.035", **(symbols | params | fields))


@pytest.mark.parametrize("name", [strategy.name for strategy in BUILT_IN if strategy.name != "spread"])
def test_they_are_those_of_the_strategy_over_the_same_bars(stored_pair: Pair, name: str) -> None:  # noqa: F811
    bot = bot_of(name, at=START + 580 * BAR)
    found = strategy_lines(bot, START + 400 * BAR, START + 500 * BAR)
    bound = strategy_of(name).bind(bot.strategy_params)
    tape = align(*stored_pair).tape if len(bot.legs) == 2 else single(stored_pair[0])
    lines = bound.overlays(tape.part(slice(400 - bound.warmup, 500)))
    closes = tape.times[400:500] + BAR_MS
    assert [line["name"] for line in found["lines"]] == list(lines)
    for drawn, line in zip(found["lines"], lines.values(), strict=True):
        values = line.values[bound.warmup :] / (0.035 if line.panel == "price" else 1.0)
        expected = (values - 1) * 100 if line.panel == "price" else values
        shown = np.array([np.nan if value is None else value for value in drawn["values"]])
        assert found["t"] == closes.tolist()
        assert drawn["panel"] == line.panel
        np.testing.assert_allclose(shown, expected, atol=1e-7)


def test_nothing_is_drawn_before_its_bar_has_closed(stored_pair: Pair) -> None:  # noqa: F811
    now = START + 500 * BAR + BAR / 2
    found = strategy_lines(bot_of("bollinger", at=now), START + 400 * BAR, now)
    assert found["t"][-1] == int((START + 500 * BAR).timestamp() * 1000)


def test_many_bars_are_thinned_and_keep_every_extreme(candle_dir: Any) -> None:  # noqa: F811
    first, _second = store_pair(6_000)
    bot = bot_of("bollinger", at=START + 5_990 * BAR)
    found = strategy_lines(bot, START + 500 * BAR, START + 5_900 * BAR)
    lines = strategy_of("bollinger").bind(bot.strategy_params).overlays(single(first).part(slice(400, 5_900)))
    assert POINTS_LEAST < len(found["t"]) <= POINTS_MOST
    for drawn, line in zip(found["lines"], lines.values(), strict=True):
        whole = (line.values[100:] / 0.035 - 1) * 100
        assert (min(drawn["values"]), max(drawn["values"])) == pytest.approx((whole.min(), whole.max()), abs=1e-7)


def test_a_strategy_that_is_gone_or_fails_draws_nothing(stored_pair: Pair) -> None:  # noqa: F811
    bot = bot_of("bollinger", at=START + 500 * BAR)
    for fields in ({"strategy": "no_such_strategy"}, {"strategy_params": {"window": -1}}, {"strategy": "spread"}):
        changed = Bot(**{field.attname: getattr(bot, field.attname) for field in Bot._meta.concrete_fields} | fields)
        assert strategy_lines(changed, START, START + 100 * BAR) == {"t": [], "lines": []}


def test_its_address_answers_its_owner_alone(stored_pair: Pair) -> None:  # noqa: F811
    bot = bot_of("rsi", at=START + 500 * BAR)
    path = f"/bots/{bot.pk}/chart/lines"
    assert client_of(bot.owner).get(path).json()["lines"][0]["name"] == "RSI"
    assert client_of(make_viewer()).get(path).status_code == 404
    assert client_of(bot.owner).get(f"{path}?from=2&to=1").status_code == 404


def test_every_way_to_close_has_a_word_on_the_chart() -> None:
    assert {f"reason_{reason.value}" for reason in CloseReason} <= set(chart_words())


def test_lines_of_built_in_strategies_are_named_in_the_readers_language(stored_pair: Pair) -> None:  # noqa: F811
    bot = bot_of("grid", at=START + 500 * BAR)
    with translation.override("zh-hans"):
        found = strategy_lines(bot, START + 400 * BAR, START + 500 * BAR)
    names = [line["name"] for line in found["lines"]]
    assert len(names) == 7
