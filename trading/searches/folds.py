"""Walk-forward windows: each is split into an in-sample part and the out-of-sample part that follows it.

Rolling: every window is as long as the others and lies one out-of-sample part further, so that the out-of-sample parts
follow one another without gap or overlap. R. Pardo, "The Evaluation and Optimization of Trading Strategies", 2008.
"""

from dataclasses import dataclass
from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

FOLDS_MOST: Final = 16
PART_LEAST: Final = 10
"""Bars."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Bars [first, split) are in sample, [split, end) out of sample."""

    first: int
    split: int
    end: int


def folds_of(bars: int, folds: int, out_of_sample_pct: int) -> list[Fold]:
    """With 0 folds everything is in sample. Raises ValidationError where parts would be too short to say anything."""
    if folds == 0:
        return [Fold(0, bars, bars)]
    share = out_of_sample_pct / 100
    out = int(bars * share / (1 + (folds - 1) * share))
    inside = bars - folds * out
    if min(out, inside) < PART_LEAST:
        sentence = _(
            "%(folds)s folds over %(bars)s bars leave parts of %(part)s bars; each needs at least %(least)s."
        ) % {"folds": folds, "bars": bars, "part": min(out, inside), "least": PART_LEAST}
        raise ValidationError({"folds": [sentence]})
    return [Fold(k * out, k * out + inside, k * out + inside + out) for k in range(folds)]
