"""Where a protective stop may lie: beyond everything that the strategy itself would do, before the liquidation."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from bots.amounts import grouped
from bots.models import MarginMode


def protection_error(
    *,
    stop: Decimal | None,
    stop_loss: Decimal,
    ladder: Sequence[Mapping[str, Any]],
    levels: int,
    leverage: int,
    margin_mode: str,
) -> ValidationError | None:
    """All in per cent. One leg's move alone may carry the spread through the whole ladder, or to the stop loss."""
    if stop is None:
        return None
    steps = sum((Decimal(str(row["spread"])) for row in ladder[1:levels]), Decimal(0))
    least = max(steps, stop_loss)
    if stop <= least:
        sentence = _("The stop at the exchange must lie beyond the ladder and the stop loss: more than %(least)s %%.")
        return ValidationError(sentence, code="protective_stop_near", params={"least": grouped(least)})
    if stop >= 100:
        sentence = _("The stop at the exchange must be below %(most)s %%.")
        return ValidationError(sentence, code="protective_stop_far", params={"most": 100})
    reach = Decimal(100) / leverage
    if margin_mode == MarginMode.ISOLATED and stop >= reach:
        sentence = _("With isolated margin the exchange liquidates at about %(reach)s %%: the stop must be nearer.")
        return ValidationError(sentence, code="protective_stop_far", params={"reach": grouped(reach)})
    return None
