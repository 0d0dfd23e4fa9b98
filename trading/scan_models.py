"""Searches for pairs that belong together: what a user asked for, and what came of each pair."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from exchanges.models import Exchange, JobStatus, shelf_name


class PairScan(models.Model):
    """One look at every pair among many markets of one exchange.

    `symbols`: what was asked for, [] for all that are stored; `markets`: what the scan goes over, fixed as it begins.
    `left_out` names markets that could not take part: [symbol, reason] each. `downloads` maps markets without candles
    to the download that was asked for, null until it could be. `summary` has counts and the liquidity's reasons.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="pair_scans")
    exchange = models.CharField(_("exchange"), max_length=8, choices=Exchange)
    timeframe = models.CharField(_("timeframe"), max_length=4)
    symbols = models.JSONField(_("markets"), default=list, blank=True)
    since = models.DateTimeField(_("from"), null=True, blank=True)  # null: all that is stored
    until = models.DateTimeField(_("to"), null=True, blank=True)  # the bars that open before; null: all
    out_of_sample_pct = models.PositiveSmallIntegerField(_("out of sample"), default=30)
    size_quote = models.FloatField(_("size of one leg"), default=1000.0)  # for the liquidity of the books
    cost_pct = models.FloatField(_("cost of a round trip"), default=0.24)  # of one leg's notional, both legs
    is_download_wanted = models.BooleanField(_("download what is missing"), default=False)
    downloads = models.JSONField(default=dict, blank=True)
    markets = models.JSONField(default=list, blank=True)
    left_out = models.JSONField(default=list, blank=True)
    status = models.CharField(_("status"), max_length=8, choices=JobStatus, default=JobStatus.QUEUED)
    done = models.PositiveIntegerField(default=0)  # pairs
    total = models.PositiveIntegerField(default=0)  # 0 until it has begun
    is_cancel_wanted = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)  # chunks that began, less those of which something came
    taken_up = models.PositiveIntegerField(default=0)  # how often; tasks of an earlier time do nothing any more
    alive_at = models.DateTimeField(null=True, blank=True)  # last sign of life of the workers that run it
    problems = models.JSONField(default=list, blank=True)
    summary = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "pair_scans"
        ordering = ["-id"]
        indexes = [models.Index(fields=["owner", "-id"], name="pair_scans_of_owner")]

    def __str__(self) -> str:
        return f"{self.exchange} {self.timeframe} scan {self.pk}"

    def get_exchange_display(self) -> Any:  # type: ignore[no-redef]
        """Whose history it goes over, which of paper is the simulated market's."""
        return shelf_name(self.exchange)

    @property
    def is_open(self) -> bool:
        return self.status in (JobStatus.QUEUED, JobStatus.RUNNING)


class ScannedPair(models.Model):
    """What a scan found of one pair; figures as in docs/pairs.md. Only `problem` where it could not be measured.

    q-values, Bonferroni's and scores need all pairs of the scan: they are null until it is done.
    """

    class Verdict(models.TextChoices):
        HOLDS = "holds", _("Holds in both parts")
        BROKE = "broke", _("Broke out of sample")
        NONE = "none", _("Not found")

    class CarrySource(models.TextChoices):
        RECORDED = "recorded", _("Recorded rates")
        VENUE = "venue", _("The last 30 days at the exchange")

    scan = models.ForeignKey(PairScan, models.CASCADE, related_name="pairs")
    number = models.PositiveIntegerField()  # from 0, in the order of the scan's markets
    market1 = models.CharField(_("market 1"), max_length=40)
    market2 = models.CharField(_("market 2"), max_length=40)
    bars = models.PositiveIntegerField(default=0)  # that both have
    oos_bars = models.PositiveIntegerField(default=0)  # of them out of sample
    first_at = models.DateTimeField(null=True, blank=True)
    split_at = models.DateTimeField(null=True, blank=True)  # the first bar out of sample
    last_at = models.DateTimeField(null=True, blank=True)
    common_since = models.DateTimeField(null=True, blank=True)  # first candle of the younger market in the store
    correlation = models.FloatField(null=True, blank=True)
    hedge_ratio = models.FloatField(null=True, blank=True)
    hedge_intercept = models.FloatField(null=True, blank=True)
    hedge_low = models.FloatField(null=True, blank=True)
    hedge_high = models.FloatField(null=True, blank=True)
    hedge_deviation = models.FloatField(null=True, blank=True)
    p_value = models.FloatField(null=True, blank=True)
    q_value = models.FloatField(null=True, blank=True)
    p_bonferroni = models.FloatField(null=True, blank=True)
    adf_statistic = models.FloatField(null=True, blank=True)
    adf_lags = models.PositiveSmallIntegerField(null=True, blank=True)
    johansen_trace = models.FloatField(null=True, blank=True)
    johansen_p = models.FloatField(null=True, blank=True)
    johansen_q = models.FloatField(null=True, blank=True)
    half_life_bars = models.FloatField(null=True, blank=True)
    hurst = models.FloatField(null=True, blank=True)
    spread_deviation_pct = models.FloatField(null=True, blank=True)
    spread_volatility_pct = models.FloatField(null=True, blank=True)  # of the spread's changes, a day
    oos_correlation = models.FloatField(null=True, blank=True)
    oos_p_value = models.FloatField(null=True, blank=True)
    oos_half_life_bars = models.FloatField(null=True, blank=True)
    oos_hurst = models.FloatField(null=True, blank=True)
    oos_drift = models.FloatField(null=True, blank=True)
    oos_spread_deviation_pct = models.FloatField(null=True, blank=True)
    z_score = models.FloatField(null=True, blank=True)  # of the last bar, by the fit
    funding1_pct = models.FloatField(null=True, blank=True)  # a year; a long pays it
    funding2_pct = models.FloatField(null=True, blank=True)
    carry_long_pct = models.FloatField(null=True, blank=True)  # a year, long market 1 and short market 2, equal legs
    carry_source = models.CharField(max_length=8, choices=CarrySource, blank=True)
    slippage_pct = models.FloatField(null=True, blank=True)  # of opening both legs at the wanted size, now
    liquidity_note = models.CharField(max_length=200, blank=True)  # why there is no slippage
    score = models.FloatField(null=True, blank=True)
    score_in = models.FloatField(null=True, blank=True)
    score_out = models.FloatField(null=True, blank=True)
    verdict = models.CharField(max_length=5, choices=Verdict, blank=True)
    problem = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "scanned_pairs"
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["scan", "number"], name="scanned_pairs_number_unique")]
        indexes = [models.Index("scan", models.F("score").desc(nulls_last=True), name="scanned_pairs_best_first")]

    def __str__(self) -> str:
        return f"{self.market1} {self.market2}"
