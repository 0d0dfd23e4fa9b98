"""What the candle lengths are called on the pages."""

from typing import Final

from django.utils.translation import gettext_lazy as _

TIMEFRAME_WORDS: Final = {
    "1m": _("1 min"),
    "5m": _("5 min"),
    "15m": _("15 min"),
    "1h": _("1 h"),
    "4h": _("4 h"),
    "1d": _("1 d"),
}
