"""What a user may choose about the size of orders: the same model in a bot's form, in the API and in a back-test."""

from typing import Annotated, Any, NamedTuple

from trading.core.position_sizing import MODES, Sizing
from trading.strategies.parameters import Param, parameters_json, parse_parameters

PERCENT = 100.0


class SizeParameters(NamedTuple):
    mode: Annotated[int, Param("Size of orders", choices=MODES)] = 0
    capital: Annotated[
        float, Param("Capital of the bot", above=0, high=1e9, help="What its closed cycles bring is added to it.")
    ] = 1000.0
    share: Annotated[float, Param("Each order", unit="%", above=0, high=100, help="Of what the bot has.")] = 5.0
    target: Annotated[
        float, Param("Moves a day", unit="%", above=0, high=100, help="One order's value, of what the bot has.")
    ] = 0.5
    window: Annotated[int, Param("Volatility over", unit="bars", low=5, high=5_000)] = 288
    kelly: Annotated[float, Param("Of Kelly's fraction", unit="%", above=0, high=100)] = 25.0
    least: Annotated[int, Param("Kelly after", unit="cycles", low=2, high=1_000, help="Before: the share.")] = 20
    most: Annotated[float, Param("Largest order", unit="%", above=0, high=1_000, help="Of what the bot has.")] = 20.0


def read_sizes(data: Any) -> dict[str, Any]:
    """As it is kept: empty for fixed sizes, else all of it. Raises ParametersRefused."""
    found: SizeParameters = parse_parameters(SizeParameters, data)
    return parameters_json(SizeParameters, found) if found.mode else {}


def sizing_of(data: Any) -> Sizing | None:
    """None for fixed sizes. Raises ParametersRefused."""
    found: SizeParameters = parse_parameters(SizeParameters, data or {})
    if not found.mode:
        return None
    return Sizing(
        found.mode,
        found.capital,
        found.share / PERCENT,
        found.target / PERCENT,
        found.window,
        found.kelly / PERCENT,
        found.least,
        found.most / PERCENT,
    )
