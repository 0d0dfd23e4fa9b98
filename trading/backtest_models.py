"""Back-tests and parameter searches of users, with their results."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from bots.models import Bot
from exchanges.models import Exchange, JobStatus, shelf_name


class Backtest(models.Model):
    """One run over recorded candles, or one search over many parameter sets (then with a `Search`).

    `parameters` holds the names of docs/backtests.md; of a search those that every set shares. `summary` is the result
    without trades and equity, JSON-ready, {} until it is done. `problems` says line by line why a run failed.
    """

    class Kind(models.TextChoices):
        RUN = "run", _("Back-test")
        SEARCH = "search", _("Search")

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="backtests")
    kind = models.CharField(_("kind"), max_length=6, choices=Kind, default=Kind.RUN)
    name = models.CharField(_("name"), max_length=80, blank=True)
    bot = models.ForeignKey(Bot, models.SET_NULL, null=True, blank=True, related_name="backtests")  # filled in from it
    strategy = models.CharField(_("strategy"), max_length=40)
    exchange = models.CharField(_("exchange"), max_length=8, choices=Exchange)  # whose recorded candles
    market1_symbol = models.CharField(_("market 1"), max_length=40)
    market2_symbol = models.CharField(_("market 2"), max_length=40, blank=True)
    timeframe = models.CharField(_("timeframe"), max_length=4)
    since = models.DateTimeField(_("from"), null=True, blank=True)  # null: the first bar that both have
    until = models.DateTimeField(_("to"), null=True, blank=True)  # the bars that open before; null: all
    use_funding = models.BooleanField(_("funding"), default=True)  # book recorded funding where there is some
    parameters = models.JSONField(default=dict)
    status = models.CharField(_("status"), max_length=8, choices=JobStatus, default=JobStatus.QUEUED)
    done = models.PositiveIntegerField(default=0)  # bars, or sets of a search
    total = models.PositiveIntegerField(default=0)
    is_cancel_wanted = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)  # how often a worker has begun with it
    alive_at = models.DateTimeField(null=True, blank=True)  # last sign of life of the worker that runs it
    problems = models.JSONField(default=list, blank=True)
    summary = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "backtests"
        verbose_name = _("back-test")
        verbose_name_plural = _("Back-tests")
        ordering = ["-id"]
        indexes = [models.Index(fields=["owner", "-id"], name="backtests_of_owner")]

    def __str__(self) -> str:
        return self.name or f"{self.get_kind_display()} {self.pk}"

    def get_exchange_display(self) -> Any:  # type: ignore[no-redef]
        """Whose history it went over, which of paper is the simulated market's."""
        return shelf_name(self.exchange)

    @property
    def is_open(self) -> bool:
        return self.status in (JobStatus.QUEUED, JobStatus.RUNNING)


class BacktestSeries(models.Model):
    """Trades and per-bar equity of a finished run, each a Parquet file: read only where they are asked for."""

    backtest = models.OneToOneField(Backtest, models.CASCADE, primary_key=True, related_name="series")
    trades = models.BinaryField()
    equity = models.BinaryField()

    class Meta:
        db_table = "backtest_series"

    def __str__(self) -> str:
        return f"series of back-test {self.backtest_id}"


class Search(models.Model):
    """How a search chooses its sets and what it looks for.

    `space` maps parameter names to ranges: {"low", "high", "step"?, "log"?} or {"values": [...]}.
    """

    class Method(models.TextChoices):
        GRID = "grid", _("Grid")
        RANDOM = "random", _("Random")
        TPE = "tpe", _("Optuna (TPE)")

    backtest = models.OneToOneField(Backtest, models.CASCADE, primary_key=True, related_name="search")
    method = models.CharField(_("method"), max_length=6, choices=Method)
    objective = models.CharField(_("objective"), max_length=24)
    space = models.JSONField()
    sets = models.PositiveIntegerField(_("sets"))
    seed = models.BigIntegerField(default=0)
    folds = models.PositiveSmallIntegerField(_("folds"), default=1)  # walk-forward splits; 0: no split
    out_of_sample_pct = models.PositiveSmallIntegerField(_("out of sample"), default=25)  # of each fold, its end
    min_cycles = models.PositiveIntegerField(_("least cycles"), default=10)  # closed in sample by a set that counts
    taken_up = models.PositiveIntegerField(default=0)  # how often; tasks of an earlier time do nothing any more

    class Meta:
        db_table = "backtest_searches"

    def __str__(self) -> str:
        return f"search {self.backtest_id}"


class Trial(models.Model):
    """One parameter set of a search. `values` holds what the space varies; totals are JSON, one object per fold.

    `score` is the objective over the in-sample parts, `oos_score` over the out-of-sample parts, both larger is better
    and null where the objective has no answer (too few cycles, say).
    """

    search = models.ForeignKey(Search, models.CASCADE, related_name="trials")
    number = models.PositiveIntegerField()  # from 0, in the order in which they were chosen
    values = models.JSONField()
    score = models.FloatField(null=True, blank=True)
    oos_score = models.FloatField(null=True, blank=True)
    in_sample = models.JSONField(default=list)
    out_of_sample = models.JSONField(default=list, blank=True)
    problem = models.CharField(max_length=200, blank=True)  # why the set could not be run; it has no totals then

    class Meta:
        db_table = "backtest_trials"
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["search", "number"], name="backtest_trials_number_unique")]
        indexes = [models.Index("search", models.F("score").desc(nulls_last=True), name="backtest_trials_best_first")]

    def __str__(self) -> str:
        return f"set {self.number}"
