"""Markets of the candle store as a back-test takes them."""

from datetime import datetime

from exchanges.history import candles
from trading.backtests.payments import Recorded
from trading.backtests.run import Markets
from trading.backtests.series import from_store


def stored_markets(
    exchange: str,
    market1: str,
    market2: str,
    timeframe: str,
    *,
    since: datetime | None,
    until: datetime | None,
    use_funding: bool,
) -> Markets:
    """Symbols in the one spelling; a strategy of one market has no second. Raises BacktestRefused for a series that is
    not stored."""
    return Markets(
        from_store(exchange, market1, timeframe),
        from_store(exchange, market2, timeframe) if market2 else None,
        _recorded(exchange, market1) if use_funding else None,
        _recorded(exchange, market2) if use_funding and market2 else None,
        since=to_ms(since) if since else 0,
        until=to_ms(until) if until else None,
    )


def to_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _recorded(exchange: str, symbol: str) -> Recorded | None:
    found = candles.load_funding(exchange, symbol)
    return None if found is None else Recorded(*found, marks=None)
