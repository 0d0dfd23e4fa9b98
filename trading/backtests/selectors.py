"""What a user may see of back-tests and searches. Every query starts from the user."""

from django.db.models import QuerySet

from accounts.models import User
from trading.models import Backtest


def backtests_of(user: User) -> QuerySet[Backtest]:
    """Newest first, searches too (`kind`)."""
    return Backtest.objects.filter(owner=user).order_by("-id")


def backtest_of(user: User, backtest_id: int) -> Backtest:
    """Raises Backtest.DoesNotExist, for somebody else's too."""
    return backtests_of(user).get(pk=backtest_id)
