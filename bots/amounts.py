"""Numbers as text: exact for JSON, short for sentences."""

from decimal import ROUND_HALF_EVEN, Decimal

MINUS = "\N{MINUS SIGN}"


def decimal_text(value: Decimal, *, places: int | None = None) -> str:
    """Exact (or rounded to at most `places` decimals), without exponent, trailing zeros or a negative zero."""
    if places is not None:
        value = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def float_text(value: float, *, places: int = 8) -> str:
    """A computed amount of money as JSON carries it."""
    return decimal_text(Decimal(repr(float(value))), places=places)


def grouped(value: Decimal | float | str, *, places: int = 2, signed: bool = False) -> str:
    """For sentences: `1,157.32`, `+12.38`, and a real minus sign."""
    text = f"{Decimal(str(value)):{'+' if signed else ''},.{places}f}"
    return text.replace("-", MINUS)


def grouped_exact(value: Decimal | float | str) -> str:
    """For amounts of coins in sentences: grouped, with just the decimals that it has."""
    return f"{Decimal(decimal_text(Decimal(str(value)))):,f}".replace("-", MINUS)
