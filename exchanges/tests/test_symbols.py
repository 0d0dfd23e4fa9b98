"""One spelling of every market."""

import pytest

from exchanges.symbols import amount_currency, base_of, canonical, is_inverse, quote_of, settle_of, short


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("BTC-USDT", "swap", "BTC/USDT:USDT"),
        ("BTC/USDT", "swap", "BTC/USDT:USDT"),
        ("BTC/USDT:USDT", "swap", "BTC/USDT:USDT"),
        (" btc/usdt ", "swap", "BTC/USDT:USDT"),
        ("BTC-USDT-SWAP", "swap", "BTC/USDT:USDT"),
        ("1000PEPE/USDT", "swap", "1000PEPE/USDT:USDT"),
        ("BTC-USD", "swap", "BTC/USD:BTC"),
        ("ETH/USDC", "swap", "ETH/USDC:USDC"),
        ("BTC-USDT", "spot", "BTC/USDT"),
        ("BTC/USDT:USDT-261225", "future", "BTC/USDT:USDT-261225"),
        ("BTC-USDT-261225", "future", "BTC/USDT:USDT-261225"),
        ("BTC/USD-261225", "future", "BTC/USD:BTC-261225"),
        ("BTC/USD:BTC-261225-100000-C", "option", "BTC/USD:BTC-261225-100000-C"),
        ("BTC-USD-261225-100000-C", "option", "BTC/USD:BTC-261225-100000-C"),
    ],
)
def test_spellings(text: str, kind: str, name: str) -> None:
    assert canonical(text, kind) == name
    assert canonical(name, kind) == name


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "swap"),
        ("BTC", "swap"),
        ("BTCUSDT", "swap"),
        ("BTC/USDT/ETH", "swap"),
        ("BTC/USDT:", "swap"),
        ("../../etc", "swap"),
        ("B C/USDT", "swap"),
        ("BTC/USDT:USDT", "spot"),
        ("BTC/USDT", "future"),
        ("BTC/USDT", "lottery"),
        ("A" * 21 + "/USDT", "swap"),
    ],
)
def test_what_is_no_market(text: str, kind: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        canonical(text, kind)


def test_what_tells_dated_contracts_apart() -> None:
    assert (short("BTC/USDT:USDT-261225"), short("BTC/USD:BTC")) == ("BTC/USDT-261225", "BTC/USD")
    assert canonical(short("BTC/USDT:USDT-261225"), "future") == "BTC/USDT:USDT-261225"


@pytest.mark.parametrize(
    ("symbol", "inverse", "currency"),
    [
        ("BTC/USD:BTC", True, "USD"),
        ("BTC/USD:BTC-261225", True, "USD"),
        ("BTC/USDT:USDT", False, "BTC"),
        ("BTC/USDC:USDC", False, "BTC"),
        ("BTC/USDT", False, "BTC"),
    ],
)
def test_what_an_amount_counts(symbol: str, inverse: bool, currency: str) -> None:
    assert (is_inverse(symbol), amount_currency(symbol)) == (inverse, currency)


def test_parts() -> None:
    assert (base_of("GALA/USDT:USDT"), quote_of("GALA/USDT:USDT"), short("GALA/USDT:USDT")) == (
        "GALA",
        "USDT",
        "GALA/USDT",
    )
    assert (settle_of("BTC/USD:BTC"), settle_of("BTC/USDT"), settle_of("BTC/USDT:USDT-261225")) == (
        "BTC",
        "USDT",
        "USDT",
    )
