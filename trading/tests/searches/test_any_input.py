"""Whatever arrives as a search, it is a plan or it is refused."""

from typing import Any

from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.searches.plan import parse_plan
from trading.tests.searches.made import PARAMETERS, SEARCH

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
)
NUMBERS = st.integers() | st.floats() | st.sampled_from([0, 1, 2, 1e-12, 1e15, "3", "x"])
RANGES = st.dictionaries(st.sampled_from(["low", "high", "step", "log", "values"]), NUMBERS | st.lists(NUMBERS) | JSON)
NAMES = st.sampled_from(
    ["profit_ratio", "max_dca_times", "dca_config[1].spread", "dca_config[99].spread", "dca_config.spread_factor", "?"]
) | st.text(max_size=70)
SETTINGS = st.dictionaries(st.sampled_from([*SEARCH, "sets", "seed", "out_of_sample_pct", "colour"]), JSON, max_size=8)


def planned(data: Any) -> None:
    try:
        found = parse_plan(data, strategy="spread", parameters=PARAMETERS)
    except ValidationError:
        return
    assert 1 <= found.sets <= found.space.size
    for number in {0, found.sets - 1}:
        index = found.space.index(found.set_of(number) if not found.is_adaptive else found.space.at(number))
        assert 0 <= index < found.space.size


@given(JSON)
def test_any_json(data: Any) -> None:
    planned(data)


@given(SETTINGS)
def test_any_settings(data: dict[str, Any]) -> None:
    planned(SEARCH | data)


@settings(max_examples=300)
@given(st.dictionaries(NAMES, RANGES, min_size=1, max_size=3), st.sampled_from(["grid", "random", "tpe"]))
def test_any_space(space: dict[str, Any], method: str) -> None:
    planned(SEARCH | {"space": space, "method": method})


ENDS = st.floats(-1e6, 1e6) | st.integers(-100, 100)


@settings(max_examples=200)
@given(ENDS, ENDS, st.none() | st.floats(0.001, 1e3), st.booleans(), st.integers(0, 2**40))
def test_any_range_gives_every_value_one_place(low: Any, high: Any, step: Any, log: bool, pick: int) -> None:
    about = {"low": low, "high": high} | ({"step": step} if step else {}) | ({"log": True} if log else {})
    try:
        found = parse_plan(
            SEARCH | {"method": "random", "space": {"profit_ratio": about}}, strategy="spread", parameters=PARAMETERS
        )
    except ValidationError:
        return
    dimension = found.space.dimensions[0]
    place = pick % dimension.count
    assert dimension.place(dimension.value(place)) == place
    assert min(low, high) - 1e-9 <= float(dimension.value(place)) <= max(low, high) + 1e-9
