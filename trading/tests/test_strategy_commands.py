"""`manage.py strategies`, `new_strategy` and `check_strategies`, and the check of every built-in strategy."""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from bots.strategies import registry as strategies
from bots.strategies.registry import BUILT_IN, Origin, Plugin, broken, strategy_of
from trading.core.backtest import run_backtest
from trading.core.lookahead import usual_rules
from trading.strategies import template
from trading.strategy_checks import check_strategy, generated_tape
from trading.tests.backtest_files import backtest, flat_frame, written

CHEAT = Path(template.__file__).read_text().replace('name = "template"', 'name = "cheat"')
CHEAT = CHEAT.replace("return rolling_z_score(", "return np.roll(rolling_z_score(").replace(
    "reshape(-1, 1)", "reshape(-1, 1), -1, axis=0)"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Any:
    settings.STRATEGY_DIR = tmp_path / "strategies"
    yield settings.STRATEGY_DIR
    strategies._files.clear()


def said(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def put(folder: Path, name: str, source: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(source)


@pytest.mark.parametrize("strategy", BUILT_IN, ids=lambda it: it.name)
def test_the_generated_tape_makes_it_trade(strategy: Any) -> None:
    tape = generated_tape(3_000, markets=strategy.markets)
    bound = Plugin(strategy, Origin.BUILT_IN).bind()
    found = run_backtest(
        usual_rules(tape),
        tape,
        strategy=bound.prepared_plainly(tape),
        pause_after_close=False,
        restart_after_stop_loss=True,
    )
    assert len(found.t) > 10


@pytest.mark.parametrize("strategy", BUILT_IN, ids=lambda it: it.name)
def test_its_lines_fit_its_chart_and_do_not_look_ahead(strategy: Any) -> None:
    tape = generated_tape(400, markets=strategy.markets)
    bound = Plugin(strategy, Origin.BUILT_IN).bind()
    whole, part = bound.overlays(tape), bound.overlays(tape.part(slice(0, 300)))
    assert whole.keys() == part.keys()
    for name, line in part.items():
        np.testing.assert_allclose(line.values, whole[name].values[:300], rtol=1e-9, equal_nan=True)


def test_the_generated_tape_is_the_same_every_time() -> None:
    one, other = generated_tape(200), generated_tape(200)
    assert np.array_equal(one.closes1, other.closes1)
    assert one.extremes is not None
    assert (one.extremes.lows1 <= one.opens1).all()
    assert (generated_tape(9, markets=1).closes2 == 1.0).all()


class TestNewStrategy:
    def test_what_it_writes_works(self, folder: Path) -> None:
        words = said("new_strategy", "my_pairs")
        assert str(folder / "my_pairs.py") in words
        assert "check_strategies my_pairs" in words
        assert broken() == []
        plugin = strategy_of("my_pairs")
        assert (plugin.title, plugin.strategy.__name__) == ("My pairs", "MyPairs")
        found = check_strategy(plugin)
        assert (found.leaks, found.is_compiled) == ([], False)

    def test_it_trades(self) -> None:
        said("new_strategy", "my_pairs")
        tape = generated_tape(3_000)
        found = run_backtest(
            usual_rules(tape), tape, strategy=strategy_of("my_pairs").bind({"window": 48}).prepared(tape),
            pause_after_close=False, restart_after_stop_loss=True,
        )  # fmt: skip
        assert len(np.unique(found.action)) == 4

    def test_one_word_makes_it_compiled(self, folder: Path) -> None:
        said("new_strategy", "my_pairs")
        path = folder / "my_pairs.py"
        plain = strategy_of("my_pairs").bind({"window": 48})
        source = path.read_text().replace("    def decide", "    @compiled\n    def decide")
        path.write_text(source.replace("    Tape,\n", "    Tape,\n    compiled,\n"))
        plugin, tape = strategy_of("my_pairs"), generated_tape(3_000)
        found = check_strategy(plugin)
        assert (found.leaks, found.is_compiled, found.plain_because) == ([], True, "")
        rows = [
            list(
                run_backtest(
                    usual_rules(tape), tape, strategy=it.prepared(tape)._replace(spare=None), pause_after_close=False
                ).trade_rows()
            )
            for it in (plain, plugin.bind({"window": 48}))
        ]
        assert rows[0] == rows[1]

    @pytest.mark.parametrize("name", ["My", "2go", "a-b", "../up", "", "class", "x" * 41])
    def test_names_that_cannot_be(self, name: str, folder: Path) -> None:
        with pytest.raises(CommandError, match="small letters"):
            said("new_strategy", name)
        assert not folder.exists()

    def test_nothing_is_written_over(self, folder: Path) -> None:
        said("new_strategy", "mine")
        before = (folder / "mine.py").read_text()
        with pytest.raises(CommandError, match="there is a strategy of this name already"):
            said("new_strategy", "mine")
        put(folder, "other.py", before.replace('"mine"', '"third"'))
        with pytest.raises(CommandError, match="exists already"):
            said("new_strategy", "other")
        assert (folder / "mine.py").read_text() == before

    def test_a_name_that_is_built_in(self) -> None:
        with pytest.raises(CommandError, match="already"):
            said("new_strategy", "spread")

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path, settings: Any) -> None:
        (tmp_path / "file").touch()
        settings.STRATEGY_DIR = tmp_path / "file" / "strategies"
        with pytest.raises(CommandError, match="cannot be written: Not a directory"):
            said("new_strategy", "mine")


class TestStrategies:
    def test_broken_ones_for_people(self, folder: Path) -> None:
        put(folder, "bad.py", "x = 1")
        said("new_strategy", "mine")
        words = said("strategies")
        assert f"bad: cannot be used: {folder / 'bad.py'}: defines no strategy" in words
        assert "  window: Window, bars (default 240)" in words

    def test_broken_ones_beside_json(self, folder: Path) -> None:
        put(folder, "bad.py", "x = 1")
        out, errors = StringIO(), StringIO()
        call_command("strategies", "--json", stdout=out, stderr=errors)
        assert [it["name"] for it in json.loads(out.getvalue())] == [it.name for it in BUILT_IN]
        assert errors.getvalue().startswith("bad: cannot be used: ")


class TestBackTests:
    """Of strategies of one's own."""

    PARAMETERS: ClassVar[dict[str, Any]] = {
        "investment_per_order": 100,
        "max_position_value": 1000,
        "pause_after_close": False,
        "strategy_params": {"window": 48},
    }

    @pytest.fixture
    def data(self, tmp_path: Path) -> dict[str, str]:
        tape = generated_tape(2_000)
        one, two = written(tmp_path, *(flat_frame(tape.times, prices) for prices in (tape.closes1, tape.closes2)))
        return {"data1": one, "data2": two}

    def test_an_honest_one_is_not_warned_of(self, data: dict[str, str], tmp_path: Path) -> None:
        said("new_strategy", "mine")
        found = backtest(tmp_path, self.PARAMETERS, strategy="mine", **data)
        assert found["warnings"] == []
        assert len(found["trades"]) > 20

    def test_one_that_looks_ahead_is_warned_of(self, folder: Path, data: dict[str, str], tmp_path: Path) -> None:
        put(folder, "cheat.py", CHEAT)
        warnings = backtest(tmp_path, self.PARAMETERS, strategy="cheat", **data)["warnings"]
        assert warnings[0].startswith("cheat: feature z_score at bar ")
        assert all("depends on later bars" in warning for warning in warnings)

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ("return params.window", "return params.depth", "warmup fails in line"),
            ("return rolling_z_score(", "return np.nothing(", "prepare fails in line"),
            ("side = SHORT_SPREAD", "side = 1 / 0", "decide fails in line"),
        ],
    )
    def test_one_that_fails_is_refused_by_name_and_line(
        self, old: str, new: str, said: str, folder: Path, data: dict[str, str], tmp_path: Path
    ) -> None:
        source = Path(template.__file__).read_text()
        assert old in source
        put(folder, "template.py", source.replace(old, new))
        with pytest.raises(CommandError, match=f"^strategy: template: {said} \\d+: "):
            backtest(tmp_path, self.PARAMETERS, strategy="template", **data)

    def test_parameters_that_cannot_be(self, data: dict[str, str], tmp_path: Path) -> None:
        said("new_strategy", "mine")
        with pytest.raises(CommandError, match=r"^strategy_params\.window: must be at least 2, not 1$"):
            backtest(tmp_path, self.PARAMETERS | {"strategy_params": {"window": 1}}, strategy="mine", **data)


class TestCheckStrategies:
    def test_no_built_in_strategy_looks_ahead_and_all_of_them_compile(self) -> None:
        said("new_strategy", "mine")
        lines = said("check_strategies").splitlines()
        assert (lines[0], lines[-1]) == (
            "spread: does not look ahead, over 3,000 bars; compiled",
            "mine: does not look ahead, over 3,240 bars; plain Python",
        )
        assert [line.partition(":")[0] for line in lines] == [*(it.name for it in BUILT_IN), "mine"]
        for line in lines[:-1]:
            assert re.fullmatch(r"\w+: does not look ahead, over [\d,]+ bars; compiled", line)

    def test_a_cheat_is_named_with_its_bar(self, folder: Path) -> None:
        put(folder, "cheat.py", CHEAT)
        out = StringIO()
        with pytest.raises(CommandError, match="not every strategy is in order"):
            call_command("check_strategies", "cheat", stdout=out)
        assert out.getvalue().startswith("cheat: feature z_score at bar ")
        assert "depends on later bars" in out.getvalue()

    def test_one_that_counts_from_the_first_bar_is_named(self, folder: Path) -> None:
        source = Path(template.__file__).read_text().replace('name = "template"', 'name = "since"')
        put(folder, "since.py", source.replace("tape.closes1 / tape.closes2", "tape.closes1 / tape.closes1[0] + 1"))
        out = StringIO()
        with pytest.raises(CommandError, match="not every strategy is in order"):
            call_command("check_strategies", "since", stdout=out)
        assert re.match(
            r"since: feature z_score at bar \d+ \(.* UTC\) depends on where the history begins: ", out.getvalue()
        )

    def test_only_those_that_are_named(self, folder: Path) -> None:
        put(folder, "cheat.py", CHEAT)
        put(folder, "bad.py", "x = 1")
        assert said("check_strategies", "spread").startswith("spread: ")

    def test_one_that_fails(self, folder: Path) -> None:
        source = Path(template.__file__).read_text()
        put(folder, "fails.py", source.replace("return params.window", "return params.windows"))
        out = StringIO()
        with pytest.raises(CommandError):
            call_command("check_strategies", "template", stdout=out)
        assert out.getvalue().startswith("template: warmup fails in line ")
        assert "AttributeError" in out.getvalue()

    def test_a_broken_one(self, folder: Path) -> None:
        put(folder, "bad.py", "x = 1")
        out = StringIO()
        with pytest.raises(CommandError):
            call_command("check_strategies", "bad", stdout=out)
        assert "bad: cannot be used: " in out.getvalue()

    def test_an_unknown_one(self) -> None:
        with pytest.raises(CommandError, match="hope: there is no such strategy, only bollinger, dca"):
            said("check_strategies", "hope")

    def test_over_files(self, tmp_path: Path) -> None:
        tape = generated_tape(400)
        frames = (flat_frame(tape.times, prices) for prices in (tape.closes1, tape.closes2))
        one, two = written(tmp_path, *frames)
        assert "over 400 bars" in said("check_strategies", "spread", f"--data1={one}", f"--data2={two}")

    def test_one_file_alone(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="name two files, or none"):
            said("check_strategies", f"--data1={tmp_path / 'x.csv'}")

    def test_files_without_common_bars(self, tmp_path: Path) -> None:
        one, two = written(tmp_path, flat_frame([0, 60_000], [1.0, 1.0]), flat_frame([120_000, 180_000], [1.0, 1.0]))
        with pytest.raises(CommandError, match="fewer than 3 bars in common"):
            said("check_strategies", f"--data1={one}", f"--data2={two}")
