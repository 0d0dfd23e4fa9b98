"""A simulated market: coins that behave like some well-known ones, at prices that `paper_noise` makes up."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import numpy as np

from exchanges.adapters.base import Candle
from exchanges.adapters.paper_noise import COINS, Floats, Ints, Noise
from exchanges.adapters.paper_series import exact
from exchanges.adapters.paper_source import FundingRate, Touch, from_ms, spread_around
from exchanges.timeframes import DAY_MS, HOUR_MS, TIMEFRAME_MS
from trading.core.sizing import round_down

LISTED_MS: Final = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp() * 1000)
FUNDING_MS: Final = 8 * HOUR_MS
DAILY_VOLUME_QUOTE: Final = 1e6
SAMPLES: Final = 30
"""Instants at which a candle's high and low are looked for."""
LOOKED_AT: Final = 3600
"""Instants at which the extremes of a stretch of time are looked for: every second of an hour."""


class Simulation:
    """Quotes every second. `speed`: market seconds per real second since the account was opened."""

    symbols: Sequence[str] = tuple(COINS)

    def __init__(
        self, *, seed: int, volatility: Decimal, speed: Decimal, half_spread: Decimal, ticks: Mapping[str, Decimal]
    ) -> None:
        self._noise = Noise(seed, float(volatility))
        self._speed = float(speed)
        self._half_spread = half_spread
        self._ticks = ticks

    def clock_ms(self, opened_at: datetime, real_now: datetime) -> int:
        opened_ms = int(opened_at.timestamp() * 1000)
        return opened_ms + int((real_now - opened_at).total_seconds() * 1000 * self._speed)

    def touch(self, symbol: str, at_ms: int) -> Touch | None:
        price = self.mark(symbol, at_ms)
        return None if price is None else spread_around(price, self._half_spread, self._ticks[symbol])

    def mark(self, symbol: str, at_ms: int) -> Decimal | None:
        if symbol not in COINS or at_ms < LISTED_MS:
            return None
        return self._rounded(symbol, float(self._noise.prices(symbol, np.array([at_ms // 1000]))[0]))

    def extremes(self, symbol: str, after_ms: int, until_ms: int) -> tuple[Decimal, Decimal] | None:
        first, last = max(after_ms, LISTED_MS) // 1000, until_ms // 1000
        if symbol not in COINS or last < first:
            return None
        instants = np.linspace(first, last, min(last - first, LOOKED_AT) + 1).astype(np.int64)
        prices = self._noise.prices(symbol, instants)
        return self._rounded(symbol, float(prices.min())), self._rounded(symbol, float(prices.max()))

    def funding(self, symbol: str, after_ms: int, until_ms: int) -> list[FundingRate]:
        """Every eight hours, around +1 basis point."""
        stamps = np.arange(after_ms // FUNDING_MS + 1, until_ms // FUNDING_MS + 1)
        rates = 1e-4 + 1e-4 * self._noise.normal(symbol, "funding", stamps)
        return [
            FundingRate(int(stamp) * FUNDING_MS, Decimal(f"{rate:.8f}"))
            for stamp, rate in zip(stamps, rates, strict=True)
        ]

    def candles(
        self, symbol: str, timeframe: str, *, closed_by_ms: int, since_ms: int | None, limit: int
    ) -> list[Candle]:
        length = TIMEFRAME_MS.get(timeframe)
        if symbol not in COINS or length is None:
            return []
        end = closed_by_ms // length
        first = max(-(-LISTED_MS // length), end - limit if since_ms is None else -(-since_ms // length))
        numbers = np.arange(first, min(end, first + limit))
        return self._bars(symbol, length, numbers) if len(numbers) else []

    def prices(self, symbol: str, seconds: Ints) -> Floats:
        """At whole seconds since the epoch, before rounding to the tick."""
        return self._noise.prices(symbol, seconds)

    def _bars(self, symbol: str, length: int, numbers: Ints) -> list[Candle]:
        length_s = length // 1000
        seconds = numbers[:, None] * length_s + np.arange(SAMPLES + 1) * (length_s // SAMPLES)
        prices = self._noise.prices(symbol, seconds.ravel()).reshape(seconds.shape)
        typical = DAILY_VOLUME_QUOTE / COINS[symbol].base_price * length / DAY_MS
        volumes = typical * np.exp(self._noise.normal(symbol, "volume", numbers))
        return [
            Candle(
                at=from_ms(int(number) * length),
                open=self._rounded(symbol, float(path[0])),
                high=self._rounded(symbol, float(path.max())),
                low=self._rounded(symbol, float(path.min())),
                close=self._rounded(symbol, float(path[-1])),
                volume=exact(round(float(volume), 3)),
            )
            for number, path, volume in zip(numbers, prices, volumes, strict=True)
        ]

    def _rounded(self, symbol: str, price: float) -> Decimal:
        tick = self._ticks[symbol]
        return round_down(exact(price) + tick / 2, tick) if tick else exact(round(price, 12))
