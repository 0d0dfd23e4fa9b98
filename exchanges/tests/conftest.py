"""Fixtures of the exchanges' tests."""

from exchanges.tests.series import candle_dir, stored_pair
from exchanges.tests.venue_history import wire

__all__ = ["candle_dir", "stored_pair", "wire"]
