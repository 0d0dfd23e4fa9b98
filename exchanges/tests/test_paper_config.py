"""Settings of paper accounts: read, written, refused in plain words."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from exchanges.paper_config import PaperConfig, dump, parse


def test_defaults_and_round_trip() -> None:
    assert parse({}) == PaperConfig()
    config = parse(
        {
            "initial_balance": "2500.50",
            "half_spread_bps": 0.5,
            "depth": "",
            "taker_fee": None,
            "speed": 0,
            "symbols": ["GALA-USDT", "GALA/USDT", "CHZ/USDT:USDT"],
            "start": "2025-01-01T00:00:00Z",
            "end": "2025-02-01",
            "seed": "7",
        }
    )
    assert config.symbols == ("GALA/USDT:USDT", "CHZ/USDT:USDT")
    assert config.start == datetime(2025, 1, 1, tzinfo=UTC)
    assert (config.initial_balance, config.half_spread, config.depth) == (Decimal("2500.50"), Decimal("0.00005"), None)
    assert parse(dump(config)) == config


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("initial_balance", "-5"),
        ("initial_balance", "much"),
        ("initial_balance", "NaN"),
        ("initial_balance", True),
        ("initial_balance", None),
        ("initial_balance", []),
        ("half_spread_bps", "1e9"),
        ("taker_fee", "0.5"),
        ("lot_rounding", "yes"),
        ("speed", -1),
        ("speed", 1e6),
        ("timeframe", "7m"),
        ("timeframe", ["5m"]),
        ("symbols", "GALA/USDT"),
        ("symbols", [1]),
        ("symbols", ["GALA"]),
        ("start", "yesterday"),
        ("start", 5),
        ("end", "2025-13-45"),
        ("seed", 1.5),
        ("volatility", 0),
        ("leverage", 3),
    ],
)
def test_what_cannot_be_used_is_named(key: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        parse({key: value, "seed": 3} if key != "seed" else {key: value})
    assert set(refusal.value.message_dict) == {key}


def test_every_complaint_at_once() -> None:
    with pytest.raises(ValidationError) as refusal:
        parse({"speed": "x", "seed": -1, "nonsense": 1})
    assert set(refusal.value.message_dict) == {"speed", "seed", "nonsense"}
