"""Venue accounts of users, the candle catalogue, and (in modules of their own) quotes and the
paper venue's books."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from exchanges.fields import SecretField
from exchanges.paper_models import PaperFill, PaperFunding, PaperOrder, PaperPosition, PaperWallet
from exchanges.quote_models import MarketQuote

__all__ = [
    "SECRET_NAMES",
    "CandleDownload",
    "CandleSet",
    "Exchange",
    "ExchangeAccount",
    "FundingSet",
    "JobStatus",
    "MarketQuote",
    "PaperFill",
    "PaperFunding",
    "PaperOrder",
    "PaperPosition",
    "PaperSource",
    "PaperWallet",
    "shelf_name",
]


class Exchange(models.TextChoices):
    OKX = "okx", "OKX"
    BINANCE = "binance", "Binance"
    BYBIT = "bybit", "Bybit"
    PAPER = "paper", _("Paper")


class PaperSource(models.TextChoices):
    LIVE = "live", _("Live quotes")
    REPLAY = "replay", _("Replay of recorded candles")
    SIMULATED = "simulated", _("Simulated market")


def shelf_name(exchange: str) -> Any:
    """Of an exchange as one whose recorded history is meant: what `paper` has recorded is the simulated market's."""
    if exchange == Exchange.PAPER:
        return PaperSource.SIMULATED.label
    return Exchange(exchange).label if exchange in Exchange.values else exchange


class JobStatus(models.TextChoices):
    """Of long work that runs in the background."""

    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELED = "canceled", _("Canceled")


SECRET_NAMES = ("api_key", "api_secret", "passphrase")


class ExchangeAccount(models.Model):
    """One login at one venue. Keys are write-only: only `exchanges.registry` ever decrypts them.

    The three secrets hold text bound to owner and `uid` (`exchanges.secrets`), so that a ciphertext copied from
    another row does not open. `venue_uid` is the venue's own account number, known after the first test.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="exchange_accounts")
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    exchange = models.CharField(_("exchange"), max_length=8, choices=Exchange)
    label = models.CharField(_("label"), max_length=60)
    api_key = SecretField(_("API key"), null=True, blank=True)
    api_secret = SecretField(_("API secret"), null=True, blank=True)
    passphrase = SecretField(_("passphrase"), null=True, blank=True)
    is_testnet = models.BooleanField(_("testnet"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    venue_uid = models.CharField(max_length=64, blank=True)
    last_checked_at = models.DateTimeField(_("last check"), null=True, blank=True)
    last_check_ok = models.BooleanField(null=True, blank=True)
    last_check_message = models.CharField(max_length=300, blank=True)
    # Paper accounts only: whose rules and fees, which prices, and the source's own settings (`exchanges.paper_config`).
    paper_venue = models.CharField(_("rules of"), max_length=8, choices=Exchange, blank=True)
    paper_source = models.CharField(_("prices"), max_length=9, choices=PaperSource, blank=True)
    paper_config = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "exchange_accounts"
        verbose_name = _("exchange account")
        verbose_name_plural = _("exchange accounts")
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "exchange", "label"],
                name="exchange_accounts_label_unique",
                violation_error_message=_("You already have an account with this label at this exchange."),
            ),
            models.UniqueConstraint(
                fields=["exchange", "is_testnet", "venue_uid"],
                condition=~models.Q(venue_uid=""),
                name="exchange_accounts_venue_uid_unique",
            ),
            models.CheckConstraint(
                condition=models.Q(exchange__in=Exchange.values), name="exchange_accounts_exchange_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(exchange=Exchange.PAPER) | (~models.Q(paper_source="") & ~models.Q(paper_venue="")),
                name="exchange_accounts_paper_complete",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The label, with the venue before it unless the label says it already; paper is told by its badge."""
        venue = str(self.get_exchange_display())
        if self.is_paper or self.label.casefold().startswith(venue.casefold()):
            return self.label
        return f"{venue} {self.label}"

    @property
    def is_paper(self) -> bool:
        return self.exchange == Exchange.PAPER

    @property
    def rules_venue(self) -> str:
        """The venue whose contract rules, fees and candles apply."""
        return self.paper_venue if self.is_paper else self.exchange


class CandleSet(models.Model):
    """Catalogue row of one Parquet series. `gaps` lists [first missing, last missing] opening times in ms."""

    exchange = models.CharField(max_length=8)
    symbol = models.CharField(max_length=40)
    timeframe = models.CharField(max_length=4)
    path = models.CharField(max_length=200, unique=True)
    rows = models.PositiveIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    gaps = models.JSONField(default=list, blank=True)
    flat_bars = models.PositiveIntegerField(default=0)
    source = models.CharField(max_length=200, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "candle_sets"
        verbose_name = _("recorded candles")
        verbose_name_plural = _("Recorded candles")
        constraints = [
            models.UniqueConstraint(fields=["exchange", "symbol", "timeframe"], name="candle_sets_series_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.exchange} {self.symbol} {self.timeframe}"


class FundingSet(models.Model):
    """Catalogue row of one market's recorded funding rates."""

    exchange = models.CharField(max_length=8)
    symbol = models.CharField(max_length=40)
    path = models.CharField(max_length=200, unique=True)
    rows = models.PositiveIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    source = models.CharField(max_length=200, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "funding_sets"
        verbose_name = _("recorded funding")
        verbose_name_plural = _("Recorded funding")
        constraints = [models.UniqueConstraint(fields=["exchange", "symbol"], name="funding_sets_series_unique")]

    def __str__(self) -> str:
        return f"{self.exchange} {self.symbol} funding"


class CandleDownload(models.Model):
    """A user's wish for history of one market, and how far it has come. What was stored stays when it ends early."""

    class Kind(models.TextChoices):
        CANDLES = "candles", _("Candles")
        FUNDING = "funding", _("Funding rates")

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="candle_downloads")
    exchange = models.CharField(_("exchange"), max_length=8, choices=Exchange)
    symbol = models.CharField(_("market"), max_length=40)
    kind = models.CharField(_("kind"), max_length=7, choices=Kind, default=Kind.CANDLES)
    timeframe = models.CharField(_("timeframe"), max_length=4, blank=True)  # blank for funding rates
    since = models.DateTimeField(_("from"))
    until = models.DateTimeField(_("to"))
    status = models.CharField(_("status"), max_length=8, choices=JobStatus, default=JobStatus.QUEUED)
    reached_at = models.DateTimeField(null=True, blank=True)  # stored up to here
    rows = models.PositiveIntegerField(default=0)  # bars or rates stored by this download
    message = models.CharField(max_length=300, blank=True)
    is_cancel_wanted = models.BooleanField(default=False)
    done = models.PositiveIntegerField(default=0)  # bars (of funding: hours) looked at, stored before or not there too
    total = models.PositiveIntegerField(default=0)  # 0 until it has begun
    missing = models.JSONField(default=list, blank=True)  # what the venue does not have: as a CandleSet's gaps, some
    missing_bars = models.PositiveIntegerField(default=0)  # of all of them
    alive_at = models.DateTimeField(null=True, blank=True)  # last sign of life of the worker that runs it
    lost_workers = models.PositiveSmallIntegerField(default=0)  # that ended without a word
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "candle_downloads"
        verbose_name = _("download")
        verbose_name_plural = _("Downloads")
        ordering = ["-id"]
        indexes = [models.Index(fields=["owner", "-id"], name="candle_downloads_of_owner")]
        constraints = [
            models.UniqueConstraint(
                fields=["exchange", "symbol", "kind", "timeframe"],
                condition=models.Q(status__in=["queued", "running"]),
                name="candle_downloads_one_at_work",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exchange} {self.symbol} {self.timeframe or self.kind}"

    @property
    def is_open(self) -> bool:
        return self.status in (JobStatus.QUEUED, JobStatus.RUNNING)
