"""Fixtures of the exchanges' tests."""

from exchanges.tests.series import candle_dir, stored_pair

__all__ = ["candle_dir", "stored_pair"]
