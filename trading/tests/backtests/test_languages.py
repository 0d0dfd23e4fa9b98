"""What goes wrong is said in the language of who reads it: the request's, or of what is stored its owner's."""

from typing import Any

import numpy as np
import pytest
from django.conf import settings as project
from django.core.management import CommandError, call_command
from django.utils import timezone, translation

from accounts.models import User
from accounts.tests.clients import bearer
from bots.tests.factories import CHZ, GALA, ladder, make_user
from exchanges.history import candles
from exchanges.models import JobStatus
from exchanges.tests.series import candle_dir, stored_pair  # noqa: F401
from trading.backtests import running
from trading.backtests.errors import BacktestRefused
from trading.backtests.parameters import parse_parameters
from trading.backtests.strategy_faults import leak_words
from trading.core.lookahead import Kind, Leak, Taken
from trading.core.types import OPEN
from trading.tests.backtest_files import params_file
from trading.tests.backtests.catalogue import chinese  # noqa: F401
from trading.tests.backtests.made import PARAMETERS, done, queued, series, wish
from trading.tests.searches.made import chunk, created

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stored_pair", "chinese")]

CHINESE = "zh-hans"
BROKEN = """
from trading.strategies.base import Strategy


class Broken(Strategy):
    name = "broken"
    title = "Broken"

    @staticmethod
    def decide(params, config, state, quote, features):
        return quote.nothing
"""


@pytest.fixture
def reader() -> User:
    return make_user(language=CHINESE)


def refusals(**changes: Any) -> tuple[str, ...]:
    with translation.override(CHINESE), pytest.raises(BacktestRefused) as refused:
        parse_parameters({name: value for name, value in (PARAMETERS | changes).items() if value is not None})
    return refused.value.problems


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"investment_per_order": 0}, "investment_per_order: 必须大于 0，而不是 0"),
        ({"stop_loss_ratio": -1}, "stop_loss_ratio: 不能小于 0，现为 -1"),
        ({"investment_per_order": None}, "investment_per_order: 必填"),
        ({"dca_config": ladder((0, 1.0)), "max_dca_times": 1},
         "dca_config: 第 1 级：spread 必须大于 0，而不是 0"),
        ({"max_dca_times": 5}, "dca_config: 只有 3 行，而 max_dca_times 为 5"),
    ],
    ids=str,
)  # fmt: skip
def test_refusals_of_parameters(changes: dict[str, Any], problem: str) -> None:
    assert refusals(**changes) == (problem,)


def test_the_api_answers_in_the_request_s_language(reader: User) -> None:
    bad = wish(parameters=PARAMETERS | {"investment_per_order": 0})
    for language, text in ((CHINESE, "必须大于 0，而不是 0"), ("en", "must be above 0, not 0")):
        answer = bearer(reader).post("/api/v1/backtests/", bad, format="json", headers={"Accept-Language": language})
        assert answer.json()["errors"] == {"investment_per_order": [text]}


def test_a_refusal_is_stored_in_its_owner_s_language(reader: User) -> None:
    backtest = queued(reader)
    (project.CANDLE_DIR / candles.series_path("binance", CHZ, "5m")).unlink()
    running.backtest_run(backtest.pk, timezone.now)
    backtest.refresh_from_db()
    assert backtest.problems == [f"{CHZ}: 数据中没有 binance 的 5m K 线"]
    assert translation.get_language() == "en"


def test_a_search_s_too(reader: User) -> None:
    search = created(reader)
    (project.CANDLE_DIR / candles.series_path("binance", GALA, "5m")).unlink()
    chunk(search)
    search.refresh_from_db()
    assert (search.status, search.problems) == (JobStatus.FAILED, [f"{GALA}: 数据中没有 binance 的 5m K 线"])
    assert translation.get_language() == "en"


def test_warnings_are_stored_in_their_owner_s_language(reader: User) -> None:
    times = series(GALA).times
    candles.save_funding("binance", GALA, times[-200::96].copy(), np.full(len(times[-200::96]), 0.0001))
    backtest = done(reader)
    (warning,) = backtest.summary["warnings"]
    share = backtest.summary["funding"][0]["known_pct"]
    assert warning == f"市场 1 的资金费率只在 {share:.0f} % 的持仓时间内已知"


def test_what_breaks_in_a_strategy(reader: User, settings: Any, tmp_path: Any) -> None:
    settings.STRATEGY_DIR = tmp_path
    (tmp_path / "broken.py").write_text(BROKEN)
    backtest = done(reader, strategy="broken")
    error = "AttributeError: 'Quote' object has no attribute 'nothing'"
    assert backtest.problems == [f"strategy: broken：decide 在第 11 行出错：{error}"]


def test_a_look_ahead() -> None:
    leak = Leak("seer", Kind.DECISION, "open", 7, 1_735_689_600_000, 9, Taken(), Taken(OPEN, 1, 1))
    with translation.override(CHINESE):
        side = translation.gettext("long the spread")
        opened = translation.gettext("Open %(level)s") % {"level": 1}
        assert leak_words(leak) == (
            "seer：第 7 根K 线（2025-01-01 00:00 UTC）的决策取决于之后的K 线："
            f"前 9 根得出不交易，全部得出{opened} ({side})"
        )
    assert str(leak) == (
        "seer: the decision at bar 7 (2025-01-01 00:00 UTC) depends on later bars: none from the first 9 bars, "
        "open level 1 long from all"
    )


def test_commands_speak_english(tmp_path: Any) -> None:
    params = params_file(tmp_path, PARAMETERS | {"profit_mode": "x", "profit_ratio": 0})
    words = ["--strategy", "spread", "--params", str(params), "--exchange", "binance", "--market1", GALA]
    with translation.override(CHINESE), pytest.raises(CommandError) as refused:
        call_command("backtest", *words, "--market2", CHZ, "--timeframe", "5m")
    assert str(refused.value).splitlines() == [
        "profit_mode: Choose one of: regression, position.",
        "profit_ratio: must be above 0, not 0",
    ]
