"""Reading what a user sent about an account: every complaint at once, in a trader's words."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from exchanges import paper_config, selectors
from exchanges.models import SECRET_NAMES, CandleSet, Exchange, ExchangeAccount, PaperSource
from exchanges.paper_config import PaperConfig
from exchanges.symbols import short
from exchanges.timeframes import TIMEFRAME_MS

LABEL_MAX = 60
KEY_MAX = 500
REAL_VENUES = (Exchange.OKX, Exchange.BINANCE, Exchange.BYBIT)
SECRETS = SECRET_NAMES
SETTINGS_THAT_MAY_CHANGE = frozenset(
    {"half_spread_bps", "slippage_bps", "depth", "taker_fee", "maker_fee", "maintenance_margin"}
)

Errors = dict[str, list[str]]


class Sent:
    """The fields of a request; each read notes what is wrong with it."""

    def __init__(self, data: Any) -> None:
        if not isinstance(data, Mapping):
            raise ValidationError(_("Send the account's fields as an object."))
        self._data = data
        self.errors: Errors = {}

    def __contains__(self, name: str) -> bool:
        return name in self._data

    def refuse(self, name: str, text: str) -> None:
        self.errors.setdefault(name, []).append(text)

    def refuse_all(self, error: ValidationError) -> None:
        for name, texts in error.message_dict.items():
            self.errors.setdefault(name, []).extend(texts)

    def raise_errors(self) -> None:
        if self.errors:
            raise ValidationError(self.errors)

    def text(self, name: str, most: int) -> str:
        value = self._data.get(name)
        if value is None:
            return ""
        if not isinstance(value, str) or "\x00" in value:
            self.refuse(name, _("Enter a text."))
            return ""
        if len(value.strip()) > most:
            self.refuse(name, _("Enter %(most)d characters at most.") % {"most": most})
        return value.strip()

    def flag(self, name: str, default: bool) -> bool:
        value = self._data.get(name, default)
        known = {"true": True, "false": False, "on": True, "off": False, "1": True, "0": False}
        if isinstance(value, str):
            value = known.get(value.lower())
        if not isinstance(value, bool):
            self.refuse(name, _("Choose yes or no."))
            return default
        return value

    def choice(self, name: str, choices: tuple[str, ...], default: str = "") -> str:
        value = self._data.get(name) or default
        if value not in choices:
            self.refuse(name, _("Choose one of %(choices)s.") % {"choices": ", ".join(choices)})
            return ""
        return str(value)

    def settings(self) -> dict[str, Any]:
        """`paper_config`, unread."""
        value = self._data.get("paper_config") or {}
        if not isinstance(value, Mapping):
            self.refuse("paper_config", _("Send the settings as an object."))
            return {}
        return dict(value)


def secrets_read(sent: Sent, exchange: str, *, required: bool) -> dict[str, str]:
    """The secrets that were given. OKX alone has a passphrase."""
    given = {name: text for name in SECRETS if (text := sent.text(name, KEY_MAX))}
    if exchange == Exchange.PAPER:
        for name in given:
            sent.refuse(name, _("A paper account has no keys."))
        return {}
    wanted = SECRETS if exchange == Exchange.OKX else SECRETS[:2]
    if required:
        for name in wanted:
            if name not in given and name not in sent.errors:
                sent.refuse(name, _("This field is required."))
    return {name: given[name] for name in wanted if name in given}


def paper_read(sent: Sent, account: ExchangeAccount) -> None:
    """Fills in venue, source and settings of a new paper account."""
    account.paper_venue = sent.choice("paper_venue", tuple(REAL_VENUES), Exchange.BINANCE)
    account.paper_source = sent.choice("paper_source", tuple(PaperSource.values), PaperSource.SIMULATED)
    config = _parsed(sent, sent.settings())
    if config is None or sent.errors:
        return
    if account.paper_source == PaperSource.REPLAY:
        config = _replay_read(sent, account.paper_venue, config)
    elif config.speed == 0:
        sent.refuse("speed", _("Only a replay can run as fast as it goes."))
    elif account.paper_source == PaperSource.LIVE and config.speed != 1:
        sent.refuse("speed", _("Live quotes run at their own speed."))
    account.paper_config = paper_config.dump(config)


def settings_changed(sent: Sent, account: ExchangeAccount) -> None:
    """New costs of an existing paper account. What makes its prices and its past stays as it is."""
    given = sent.settings()
    config = _parsed(sent, account.paper_config | given)
    if config is None:
        return
    plain = paper_config.dump(config)
    for name in given:
        if name not in SETTINGS_THAT_MAY_CHANGE and plain[name] != account.paper_config.get(name):
            sent.refuse(name, _("This cannot be changed. Add another account instead."))
    account.paper_config = plain


def _parsed(sent: Sent, raw: dict[str, Any]) -> PaperConfig | None:
    try:
        return paper_config.parse(raw)
    except ValidationError as error:
        sent.refuse_all(error)
        return None


def _replay_read(sent: Sent, venue: str, config: PaperConfig) -> PaperConfig:
    """Settles which markets are replayed, and from when: where all of them have begun, unless a time was given."""
    stored = {row.symbol: row for row in selectors.candle_sets(venue, config.timeframe)}
    symbols = config.symbols or tuple(stored)
    if not symbols:
        sent.refuse(
            "timeframe", _("No %(timeframe)s candles of this exchange are stored.") % {"timeframe": config.timeframe}
        )
        return config
    for symbol in symbols:
        if symbol not in stored:
            names = {"symbol": short(symbol), "timeframe": config.timeframe}
            sent.refuse("symbols", _("No %(timeframe)s candles of %(symbol)s are stored.") % names)
    if sent.errors:
        return config
    return _bounded(sent, config, symbols, [stored[symbol] for symbol in symbols])


def _bounded(sent: Sent, config: PaperConfig, symbols: tuple[str, ...], rows: list[CandleSet]) -> PaperConfig:
    begin, end = max(row.first_at for row in rows), max(row.last_at for row in rows)
    start = config.start or begin
    bar = timedelta(milliseconds=TIMEFRAME_MS[config.timeframe])
    if not min(row.first_at for row in rows) <= start <= end - bar:
        span = {"begin": f"{begin:%Y-%m-%d %H:%M}", "end": f"{end:%Y-%m-%d %H:%M}"}
        sent.refuse("start", _("The recording reaches from %(begin)s to %(end)s UTC.") % span)
    if config.end is not None and config.end <= start:
        sent.refuse("end", _("The end must come after the beginning."))
    return replace(config, symbols=symbols, start=start)
