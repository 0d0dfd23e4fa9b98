"""Which strategies there are: built in, of packages and of the installation's folder; what is broken stays apart."""

from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from django.utils.translation import override

from bots.api.settings_schema import spread_parameters
from bots.api.strategies import json_schema, strategy_rows
from bots.strategies import registry as strategies
from bots.strategies.registry import BUILT_IN, Origin, available, broken, strategy_of
from bots.strategies.texts import TEXTS
from bots.strategies.words import SENTENCES, problem_fields
from bots.tests.factories import make_user
from trading.strategies import parameters, template
from trading.strategies.base import bind, schema_of
from trading.strategies.parameters import ParametersRefused

Write = Callable[[str, str], Path]
OURS = [strategy.name for strategy in BUILT_IN]
SOURCE = Path(template.__file__).read_text()


def named(name: str, source: str = SOURCE) -> str:
    return source.replace('name = "template"', f'name = "{name}"')


@pytest.fixture
def write(tmp_path: Path, settings: Any) -> Iterator[Write]:
    """Puts a file into the folder of strategies."""
    settings.STRATEGY_DIR = tmp_path / "strategies"
    settings.STRATEGY_DIR.mkdir()

    def put(name: str, source: str) -> Path:
        path: Path = settings.STRATEGY_DIR / name
        path.write_text(source)
        return path

    yield put
    strategies._files.clear()


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EntryPoint]]:
    """What `importlib.metadata` finds in installed packages."""
    found: list[EntryPoint] = []
    monkeypatch.setattr(strategies, "entry_points", lambda group: [it for it in found if it.group == group])
    strategies._packaged.cache_clear()
    yield found
    strategies._packaged.cache_clear()


def names() -> list[str]:
    return [plugin.name for plugin in available()]


class TestFolder:
    def test_without_a_folder(self, settings: Any, tmp_path: Path) -> None:
        settings.STRATEGY_DIR = tmp_path / "none"
        assert (names(), broken()) == (OURS, [])

    def test_a_file_is_a_strategy(self, write: Write) -> None:
        path = write("anything.py", named("mine"))
        assert names() == [*OURS, "mine"]
        plugin = strategy_of("mine")
        assert (plugin.title, plugin.origin, plugin.source) == ("Rolling z-score", Origin.FILE, str(path))
        assert plugin.markets == 2
        assert plugin.bind({"window": 30}).params.window == 30
        assert list(plugin.schema["properties"]) == ["window", "entry", "exit"]

    def test_the_same_class_until_the_file_changes(self, write: Write) -> None:
        write("mine.py", named("mine"))
        first = strategy_of("mine").strategy
        assert strategy_of("mine").strategy is first
        write("mine.py", named("mine").replace("= 240", "= 120"))
        assert strategy_of("mine").bind().params.window == 120

    def test_a_file_that_is_taken_away(self, write: Write) -> None:
        write("mine.py", named("mine")).unlink()
        assert names() == OURS

    def test_nothing_is_left_beside_the_files(self, write: Write) -> None:
        path = write("mine.py", named("mine"))
        available()
        assert list(path.parent.iterdir()) == [path]

    @pytest.mark.parametrize("name", ["_shared.py", ".hidden.py", "notes.txt"])
    def test_other_files_are_left_alone(self, name: str, write: Write) -> None:
        write(name, "raise RuntimeError")
        assert (names(), broken()) == (OURS, [])

    @pytest.mark.parametrize(
        ("source", "reason"),
        [
            ("def half(:", "line 1: SyntaxError: "),
            ("import numpy\nimport nothing_there\n", "line 2: ModuleNotFoundError: No module named 'nothing_there'"),
            ("import sys\nsys.exit(3)\n", "line 2: SystemExit: 3"),
            ("x = 1\nassert x == 2\n", "line 2: AssertionError: no reason given"),
            ("x = 1\n", "defines no strategy"),
            (named("one") + named("two").replace("class Template", "class Other"), "defines 2 strategies, not one"),
            (named("Not a name"), "name: must be 1 to 40 small letters"),
            (named("mine").replace("= 240", ""), "window: needs a default"),
            (named("mine").replace("= 240", "= 1"), "the default of window: must be at least 2, not 1"),
            (named("mine", SOURCE.replace("Rolling z-score", "")), "title: is needed"),
            (named("mine", SOURCE.replace("from trading.strategies import", "from nowhere import")), "line 7: "),
            (named("spread"), "the name is taken by a built-in strategy"),
            ("\0", "SyntaxError: source code string cannot contain null bytes"),
        ],
    )
    def test_a_broken_one_disables_only_itself(self, source: str, reason: str, write: Write) -> None:
        path = write("bad.py", source)
        write("good.py", named("good"))
        assert names() == [*OURS, "good"]
        (failed,) = broken()
        assert failed.reason.startswith(f"{path}: {reason}")
        assert "\n" not in failed.reason

    def test_what_it_prints_stays_out_of_a_command_s_output(self, write: Write, capsys: Any) -> None:
        write("talks.py", named("talks", f"print('hello')\n{SOURCE}"))
        assert names() == [*OURS, "talks"]
        assert capsys.readouterr() == ("", "hello\n")

    def test_a_file_that_cannot_be_read(self, write: Write, tmp_path: Path) -> None:
        write("gone.py", "").unlink()
        (tmp_path / "strategies" / "gone.py").symlink_to(tmp_path / "nowhere.py")
        (failed,) = broken()
        assert failed.name == "gone"
        assert "cannot be read" in failed.reason

    def test_two_of_one_name(self, write: Write) -> None:
        first = write("a.py", named("mine"))
        second = write("b.py", named("mine").replace("= 240", "= 120"))
        assert names() == [*OURS, "mine"]
        assert [it.reason for it in broken()] == [f"{second}: the name is taken by {first}"]

    def test_a_broken_one_is_mended(self, write: Write) -> None:
        write("mine.py", "import nothing_there")
        assert [it.name for it in broken()] == ["mine"]
        write("mine.py", named("mine"))
        assert (names(), broken()) == ([*OURS, "mine"], [])


class TestPackages:
    def entry(self, name: str, value: str) -> EntryPoint:
        return EntryPoint(name, value, strategies.ENTRY_POINTS)

    def test_an_entry_point(self, packages: list[EntryPoint]) -> None:
        packages.append(self.entry("template", "trading.strategies.template:Template"))
        assert names() == [*OURS, "template"]
        assert strategy_of("template").source == "trading.strategies.template:Template"

    def test_broken_entry_points(self, packages: list[EntryPoint]) -> None:
        packages += [
            self.entry("absent", "trading.strategies.template:Absent"),
            self.entry("missing", "trading.nothing_there:Absent"),
            self.entry("number", "trading.strategies.base:MARKETS"),
            self.entry("template", "trading.strategies.template:Template"),
        ]
        assert names() == [*OURS, "template"]
        assert [it.name for it in broken()] == ["absent", "missing", "number"]
        assert broken()[2].reason.endswith("is not a subclass of Strategy")


class TestStrategyOf:
    def test_the_built_in_one(self) -> None:
        assert strategy_of("spread").origin is Origin.BUILT_IN

    def test_an_unknown_one(self) -> None:
        with pytest.raises(LookupError, match="there is no strategy hope"):
            strategy_of("hope")

    def test_a_broken_one(self, write: Write) -> None:
        write("bad.py", "x = 1")
        with pytest.raises(LookupError, match=r"the strategy bad cannot be used: .*defines no strategy"):
            strategy_of("bad")


class TestShown:
    @pytest.mark.django_db
    def test_the_api_lists_those_that_can_be_used(self, write: Write, client: Any) -> None:
        write("mine.py", named("mine"))
        write("bad.py", "x = 1")
        client.force_login(make_user())
        answer = client.get("/api/v1/strategies/").json()
        assert (answer["count"], [it["name"] for it in answer["results"]]) == (len(OURS) + 1, [*OURS, "mine"])
        mine = answer["results"][-1]
        assert set(mine) == {"name", "title", "markets", "parameters"}
        assert mine["parameters"]["properties"]["entry"]["exclusiveMinimum"] == 0

    def test_every_schema_is_json_schema(self, write: Write) -> None:
        write("mine.py", named("mine"))
        for row in strategy_rows():
            jsonschema.Draft202012Validator.check_schema(row["parameters"])

    def test_excluded_bounds_are_numbers(self) -> None:
        ladder = {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 9}
        assert json_schema([ladder]) == [{"type": "number", "exclusiveMinimum": 0, "maximum": 9}]
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(
                {"dca_config": [{"spread": 0, "multiplier": 1}]}, json_schema(spread_parameters() | {"required": []})
            )

    def test_titles_of_built_in_ones_are_translated(self) -> None:
        with override("zh-hans"):
            assert strategy_of("spread").title != "Spread of two markets"


class TestWords:
    def test_every_problem_has_a_sentence(self) -> None:
        assert set(SENTENCES) == set(parameters.SENTENCES)

    def test_by_parameter(self) -> None:
        with pytest.raises(ParametersRefused) as refused:
            bind(template.Template, {"window": 1, "entry": "far", "depth": 3})
        assert problem_fields(refused.value) == {
            "depth": ["This strategy has no such parameter."],
            "window": ["Enter at least 2."],
            "entry": ["Enter a number."],
        }


class TestShared:
    def test_a_strategy_imports_its_neighbours_and_is_read_again_when_they_change(self, write: Write) -> None:
        source = named("mine").replace("import numpy as np", "import numpy as np\nfrom _my_words import TITLE")
        write("_my_words.py", 'TITLE = "One"')
        write("mine.py", source.replace('title = "Rolling z-score"', "title = TITLE"))
        assert strategy_of("mine").title == "One"
        write("_my_words.py", 'TITLE = "Another"')
        assert strategy_of("mine").title == "Another"
        assert names() == [*OURS, "mine"]


@pytest.mark.parametrize("strategy", BUILT_IN, ids=lambda it: it.name)
def test_translators_know_every_word_of_a_built_in_strategy(strategy: Any) -> None:
    about = schema_of(strategy)["properties"].values()
    words = {strategy.help if strategy.name != "spread" else ""}
    for each in about:
        words |= {each["title"], each.get("x-unit", ""), each.get("description", ""), *each.get("enum", [])}
    assert words - {"", "%", "σ", "OLS", "Kalman"} <= set(TEXTS)
