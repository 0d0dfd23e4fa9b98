"""Ladders to begin with: steps in percentage points and multipliers, level by level."""

from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Preset:
    key: str
    name: Any
    levels: tuple[tuple[str, str], ...]


PRESETS: Final = (
    Preset(
        "widening",
        _("Six levels, widening"),
        (("1", "1"), ("1", "1.2"), ("1.2", "1.5"), ("1.5", "2"), ("2", "2"), ("2.5", "2.5")),
    ),
    Preset("even", _("Six levels, even"), (("1", "1"),) * 6),
    Preset("wide", _("Three wide levels"), (("2", "1"), ("3", "1.5"), ("4", "2"))),
    Preset("small", _("Ten small levels"), (("0.5", "1"),) * 10),
    Preset("single", _("One order"), (("2", "1"),)),
)
DEFAULT_PRESET: Final = PRESETS[0]


def preset_of(key: str) -> Preset | None:
    return next((preset for preset in PRESETS if preset.key == key), None)
