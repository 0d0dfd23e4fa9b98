"""One spelling of a market everywhere inside: `BASE/QUOTE` for spot, `BASE/QUOTE:SETTLE` for a perpetual swap."""

import re
from typing import Literal

Kind = Literal["swap", "spot", "future", "option"]

_NAME = r"[A-Z0-9]{1,20}"
_PLAIN = re.compile(rf"({_NAME})[-/]({_NAME})")
_SWAP = re.compile(rf"({_NAME})/({_NAME}):({_NAME})")
_OKX_SWAP = re.compile(rf"({_NAME})-({_NAME})-SWAP")
_DATED_SHORT = re.compile(rf"({_NAME})[-/]({_NAME})-(\d{{6}}(?:-[0-9.]+-[CP])?)")
_DATED = re.compile(rf"{_NAME}/{_NAME}:{_NAME}-\d{{6}}(-[0-9.]+-[CP])?")
_LINEAR_QUOTES = frozenset({"USDT", "USDC", "FDUSD", "BUSD", "TUSD", "DAI", "EUR", "BRL"})


def canonical(text: str, kind: str = "swap") -> str:
    """`BTC-USDT`, `BTC/USDT` and `BTC/USDT:USDT` in the one spelling of that kind of market.

    A contract quoted in plain USD settles in its base coin; `BTC-USDT-261225` is a dated one. Raises ValueError for
    anything that is not a market's name.
    """
    name = text.strip().upper()
    if kind in ("future", "option"):
        if dated := _DATED_SHORT.fullmatch(name):
            base, quote, rest = dated.groups()
            return f"{base}/{quote}:{_settle_of(base, quote)}-{rest}"
        return _matched(_DATED, name, text).group()
    if kind == "spot":
        return "/".join(_matched(_PLAIN, name, text).groups())
    if kind != "swap":
        raise ValueError(f"{kind} is not a kind of market")
    if swap := _SWAP.fullmatch(name):
        return swap.group()
    base, quote = (_OKX_SWAP.fullmatch(name) or _matched(_PLAIN, name, text)).groups()
    return f"{base}/{quote}:{_settle_of(base, quote)}"


def kind_of(symbol: str) -> Kind:
    """Of a market in its one spelling."""
    if ":" not in symbol:
        return "spot"
    if not _DATED.fullmatch(symbol):
        return "swap"
    return "option" if symbol.endswith(("-C", "-P")) else "future"


def base_of(symbol: str) -> str:
    return symbol.partition("/")[0]


def quote_of(symbol: str) -> str:
    return symbol.partition("/")[2].partition(":")[0]


def settle_of(symbol: str) -> str:
    """The currency in which profit and loss arrive; the quote currency for spot."""
    return symbol.partition(":")[2].partition("-")[0] or quote_of(symbol)


def is_inverse(symbol: str) -> bool:
    """A contract that is worth quote currency and settles in its own coin: its amounts are quote currency."""
    return settle_of(symbol) == base_of(symbol) != quote_of(symbol)


def amount_currency(symbol: str) -> str:
    """What an amount of that market counts: coins, of inverse contracts quote currency."""
    return quote_of(symbol) if is_inverse(symbol) else base_of(symbol)


def short(symbol: str) -> str:
    """As a trader writes it: `GALA/USDT`, and `GALA/USDT-261225` of a dated one."""
    name, _, settled = symbol.partition(":")
    return name + "".join(settled.partition("-")[1:])


def _settle_of(base: str, quote: str) -> str:
    return quote if quote in _LINEAR_QUOTES else base


def _matched(pattern: re.Pattern[str], name: str, text: str) -> re.Match[str]:
    match = pattern.fullmatch(name)
    if match is None:
        raise ValueError(f"{text[:40]} is not a market's name")
    return match
