"""What a spot market has none of: positions (and trades that began or ended one), leverage, funding."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NoReturn

from exchanges.adapters.account_dialect import Funding, Held, Instruments
from exchanges.adapters.base import MarginMode
from exchanges.adapters.ccxt_adapter import Client
from exchanges.adapters.instruments import Instrument
from exchanges.errors import Rejected


def _refused() -> NoReturn:
    raise Rejected("a spot market has no leverage and no positions", code="parameter")


class NotOfSpot:
    """Coins that are held are a balance, and no position."""

    def positions(self, client: Client, markets: Instruments) -> Sequence[Held]:
        return []

    def traded(self, client: Client, since_ms: int) -> set[str]:
        return set()

    def funding(self, client: Client, since_ms: int) -> Sequence[Funding]:
        return []

    def leverage(self, client: Client, market: Instrument, margin_mode: MarginMode) -> tuple[Decimal, MarginMode]:
        _refused()

    def leverage_set(self, client: Client, market: Instrument, leverage: int, margin_mode: MarginMode) -> None:
        _refused()

    def margin_mode_set(self, client: Client, market: Instrument, margin_mode: MarginMode) -> None:
        _refused()

    def one_way(self, client: Client, market: Instrument | None) -> bool:
        return True

    def one_way_set(self, client: Client, market: Instrument) -> None:
        _refused()
