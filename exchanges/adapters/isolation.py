"""A venue cannot be rolled back: no call of it belongs inside one of our transactions."""

from django.db import connections, transaction


def refuse_inside_transaction() -> None:
    """Raises RuntimeError. (The block that Django's TestCase wraps around a test is none of ours.)"""
    if connections["default"].in_atomic_block:
        with transaction.atomic(durable=True):
            return
