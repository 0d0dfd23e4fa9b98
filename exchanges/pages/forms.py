"""Forms of the exchange account pages. They collect; `exchanges.services` reads and judges what was sent."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from exchanges.models import CandleSet, Exchange, ExchangeAccount, PaperSource
from exchanges.selectors import candle_sets
from exchanges.symbols import base_of

REAL = [(value, label) for value, label in Exchange.choices if value != Exchange.PAPER]
REPLAY_SPEEDS = [
    ("0", _("As fast as it goes")),
    ("3600", _("One hour a second")),
    ("600", _("Ten minutes a second")),
    ("60", _("One minute a second")),
    ("1", _("As it was recorded")),
]
SIMULATION_SPEEDS = [
    ("1", _("Real time")),
    ("10", _("Ten times as fast")),
    ("60", _("One minute a second")),
    ("600", _("Ten minutes a second")),
]
MARKET_MOODS = [("0.5", _("Calm")), ("1", _("Ordinary")), ("2", _("Lively")), ("4", _("Wild"))]
PERCENT = Decimal(100)


def _number(label: Any, *, places: int, **options: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, max_digits=16, decimal_places=places, **options)


class AccountForm(forms.Form):
    """`data_sent` is what the service reads; `show_errors` puts its complaints beside their fields."""

    label = forms.CharField(label=_("Label"), max_length=60)

    def data_sent(self) -> dict[str, Any]:
        raise NotImplementedError

    def show_errors(self, errors: dict[str, list[str]]) -> None:
        for name, texts in errors.items():
            for text in texts:
                self.add_error(name if name in self.fields else None, text)


class PaperCostsForm(AccountForm):
    """What of a paper account may change later."""

    taker_fee = _number(_("Taker fee"), places=4, required=False)
    slippage_bps = _number(_("Slippage"), places=2, required=False)

    @classmethod
    def of(cls, account: ExchangeAccount) -> "PaperCostsForm":
        config = account.paper_config
        fee = config.get("taker_fee")
        values = {"label": account.label, "slippage_bps": config.get("slippage_bps", "1")}
        return cls(initial=values | ({} if fee is None else {"taker_fee": Decimal(fee) * PERCENT}))

    def data_sent(self) -> dict[str, Any]:
        return {"label": self.cleaned_data["label"], "paper_config": self.costs()}

    def costs(self) -> dict[str, Any]:
        fee, slippage = self.cleaned_data["taker_fee"], self.cleaned_data["slippage_bps"]
        return {
            "taker_fee": None if fee is None else str(fee / PERCENT),
            **({} if slippage is None else {"slippage_bps": str(slippage)}),
        }


class PaperAccountForm(PaperCostsForm):
    source = forms.ChoiceField(
        label=_("Prices"),
        choices=[
            (PaperSource.LIVE, _("Live quotes")),
            (PaperSource.SIMULATED, _("Simulated market")),
            (PaperSource.REPLAY, _("Recorded candles")),
        ],
        initial=PaperSource.SIMULATED,
        widget=forms.RadioSelect,
    )
    initial_balance = _number(_("Play money"), places=2, initial=10_000)
    replay_speed = forms.ChoiceField(label=_("Speed"), choices=REPLAY_SPEEDS, initial="600")
    venue = forms.ChoiceField(label=_("Contract rules and fees of"), choices=REAL, initial=Exchange.BINANCE)
    live_venue = forms.ChoiceField(
        label=_("Quotes, contract rules and fees of"), choices=REAL, initial=Exchange.BINANCE, required=False
    )
    mood = forms.ChoiceField(label=_("Mood of the market"), choices=MARKET_MOODS, initial="1")
    simulation_speed = forms.ChoiceField(label=_("Speed"), choices=SIMULATION_SPEEDS, initial="1")
    seed = forms.IntegerField(label=_("Seed"), min_value=0, max_value=2**31 - 1, initial=1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["recording"] = forms.ChoiceField(
            label=_("Recording"), choices=list(recordings().items()), required=False
        )
        self.fields["label"].initial = gettext("Paper")

    def data_sent(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "exchange": Exchange.PAPER,
            "label": data["label"],
            "paper_source": data["source"],
            "paper_venue": self._venue(),
            "paper_config": self._prices() | self.costs() | {"initial_balance": str(data["initial_balance"])},
        }

    def _venue(self) -> str:
        data = self.cleaned_data
        names = {PaperSource.LIVE: data["live_venue"], PaperSource.REPLAY: data["recording"].partition(" ")[0]}
        return str(names.get(data["source"], data["venue"]))

    def _prices(self) -> dict[str, Any]:
        data = self.cleaned_data
        match data["source"]:
            case PaperSource.LIVE:
                return {}
            case PaperSource.REPLAY:
                return {"timeframe": data["recording"].partition(" ")[2], "speed": data["replay_speed"]}
        return {"seed": data["seed"], "volatility": data["mood"], "speed": data["simulation_speed"]}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("source") == PaperSource.REPLAY and not data.get("recording"):
            text = gettext("Nothing is recorded yet. Import candles first, or choose a simulation.")
            self.add_error("recording", text)
        return data


class RealAccountForm(AccountForm):
    """Keys are written only: the page never gets them back."""

    exchange = forms.ChoiceField(label=_("Exchange"), choices=REAL)
    api_key = forms.CharField(label=_("API key"), max_length=500, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    api_secret = forms.CharField(
        label=_("API secret"), max_length=500, widget=forms.PasswordInput(attrs={"autocomplete": "off"})
    )
    passphrase = forms.CharField(
        label=_("Passphrase (OKX)"),
        max_length=500,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    is_testnet = forms.BooleanField(label=_("This is a testnet or demo account"), required=False)

    def data_sent(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if value != ""}


class RealAccountEditForm(RealAccountForm):
    """Blank keys stay as they are."""

    exchange = None  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("api_key", "api_secret"):
            self.fields[name].required = False

    @classmethod
    def of(cls, account: ExchangeAccount) -> "RealAccountEditForm":
        return cls(initial={"label": account.label, "is_testnet": account.is_testnet})


def recordings() -> dict[str, str]:
    """What can be replayed: `binance 5m` and how it is shown."""
    groups: dict[str, list[CandleSet]] = defaultdict(list)
    for row in candle_sets():
        groups[f"{row.exchange} {row.timeframe}"].append(row)
    return {name: _recording(rows) for name, rows in groups.items()}


def _recording(rows: list[CandleSet]) -> str:
    coins = ", ".join(sorted({base_of(row.symbol) for row in rows}))
    first, last = max(row.first_at for row in rows), max(row.last_at for row in rows)
    day = gettext("j M Y")
    venue = dict(Exchange.choices).get(rows[0].exchange, rows[0].exchange)
    return f"{venue} {rows[0].timeframe}: {coins} ({date_format(first, day)} - {date_format(last, day)})"
