"""What the first run shows: pairs of the simulated market that move, ladders to begin with, and the bot they make."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from operator import itemgetter
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bots.ladder.presets import Preset, preset_of
from bots.models import Bot
from bots.pair_now import quotes_of
from exchanges.market_data import closed_candles, markets
from exchanges.models import Exchange, ExchangeAccount, PaperSource
from exchanges.selectors import accounts_of
from exchanges.symbols import base_of
from trading.core.spread import spread_pct

LABEL: Final = "Simulated market"
PAPER: Final = {
    "exchange": Exchange.PAPER,
    "paper_venue": Exchange.BINANCE,
    "paper_source": PaperSource.SIMULATED,
    "paper_config": {"initial_balance": "10000", "seed": 7, "volatility": "3", "speed": "1"},
}
"""Coins that move several per cent an hour, at the pace of a clock on the wall."""

SUGGESTED: Final = (
    ("games", "GALA/USDT:USDT", "CHZ/USDT:USDT"),
    ("worlds", "SAND/USDT:USDT", "MANA/USDT:USDT"),
    ("forks", "LTC/USDT:USDT", "BCH/USDT:USDT"),
)
INVESTMENT: Final = Decimal(100)
"""Of one order of the first level, in each of both markets."""
BAR: Final = "5m"
BARS: Final = 288
BEYOND: Final = 0.1
"""Percentage points beyond the first level, so that a moment's move does not take the spread back before the start."""
SEEN: Final = timedelta(hours=1)
"""So much of the way is shown, if it can be."""


@dataclass(frozen=True, slots=True)
class Mood:
    """A ladder preset with the profit that suits it, in per cent."""

    key: str
    name: Any
    says: Any
    preset: Preset
    profit_ratio: str

    @property
    def steps(self) -> list[float]:
        return [float(spread) for spread, _factor in self.preset.levels]

    @property
    def levels(self) -> int:
        return len(self.preset.levels)

    @property
    def investment(self) -> Decimal:
        """Of all levels in both markets."""
        return 2 * INVESTMENT * sum((Decimal(factor) for _spread, factor in self.preset.levels), Decimal())

    @property
    def thresholds(self) -> list[float]:
        return [sum(self.steps[: level + 1]) for level in range(self.levels)]


def _mood(key: str, name: Any, says: Any, preset: str, profit_ratio: str) -> Mood:
    known = preset_of(preset)
    if known is None:
        raise LookupError(f"there is no preset {preset}")
    return Mood(key, name, says, known, profit_ratio)


MOODS: Final = (
    _mood("calm", _("Calm"), _("Waits for a wide gap and orders seldom."), "wide", "1"),
    _mood("normal", _("Normal"), _("Orders at every further point, a little more each time."), "widening", "0.6"),
    _mood("lively", _("Lively"), _("Orders at every half point and takes small profits."), "small", "0.4"),
)


@dataclass
class PairStory:
    """One suggested pair on the user's account: its spread over the last day, and from when a bot would measure it."""

    account: ExchangeAccount
    key: str
    symbols: tuple[str, str]

    @property
    def name(self) -> str:
        return f"{self.coins[0]}/{self.coins[1]}"

    @property
    def coins(self) -> tuple[str, str]:
        return base_of(self.symbols[0]), base_of(self.symbols[1])

    @cached_property
    def bars(self) -> list[tuple[datetime, float, float]]:
        """(opening time, both opens), oldest first. Raises ExchangeError."""
        one, two = (closed_candles(self.account, symbol, BAR, limit=BARS) for symbol in self.symbols)
        opens = {candle.at: float(candle.open) for candle in two}
        return [(candle.at, float(candle.open), opens[candle.at]) for candle in one if candle.at in opens]

    @cached_property
    def now(self) -> tuple[float, float]:
        """Both prices. Raises ExchangeError."""
        one, two = quotes_of(self.account, self.symbols[0], self.account, self.symbols[1])
        return float(one.mid), float(two.mid)

    def spreads(self, since: datetime | None = None) -> list[float]:
        """In percentage points since then, else since the first bar; the last is the one of now."""
        bars = [bar for bar in self.bars if since is None or bar[0] >= since]
        _at, start1, start2 = bars[0]
        return [spread_pct(p1, p2, start1, start2) for p1, p2 in [*(bar[1:] for bar in bars), self.now]]

    @cached_property
    def range_24h(self) -> tuple[float, float]:
        spreads = self.spreads()
        return min(spreads), max(spreads)

    def start_for(self, mood: Mood) -> datetime:
        """A moment since when the spread has gone beyond the first level, so that the bot opens at once, and not to the
        second: the latest that is an hour old, else the latest. Where a jump left none, the one with the least move
        beyond the first level, else the one with the widest.
        """
        first, second = mood.thresholds[:2]
        moves = [(at, abs(spread_pct(*self.now, one, two))) for at, one, two in self.bars]
        fitting = [at for at, move in moves if first + BEYOND <= move < second - BEYOND]
        if not fitting:
            beyond = [moved for moved in moves if moved[1] >= first + BEYOND]
            least = min(beyond, default=max(moves, key=itemgetter(1)), key=itemgetter(1))
            return least[0]
        older = [at for at in fitting if at <= moves[-1][0] - SEEN]
        return (older or fitting)[-1]


def welcome_account(user: User) -> ExchangeAccount | None:
    """The first simulated one that is switched on."""
    mine = accounts_of(user).filter(exchange=Exchange.PAPER, paper_source=PaperSource.SIMULATED, is_active=True)
    return mine.order_by("pk").first()


def free_label(user: User) -> str:
    taken = set(accounts_of(user).filter(exchange=Exchange.PAPER).values_list("label", flat=True))
    return next(label for n in range(1, len(taken) + 2) if (label := LABEL if n == 1 else f"{LABEL} {n}") not in taken)


def pair_stories(account: ExchangeAccount) -> list[PairStory]:
    """Suggested pairs that no bot of the account trades yet. Raises ExchangeError."""
    listed = markets(account)
    busy: set[str] = set()
    for symbols in _symbols_in_use(account):
        busy.update(symbols)
    return [
        PairStory(account, key, (one, two))
        for key, one, two in SUGGESTED
        if {one, two} <= listed.keys() and not busy & {one, two}
    ]


def bot_data(story: PairStory, mood: Mood) -> dict[str, Any]:
    """For `bots.services.bot_create`. Raises ExchangeError."""
    ladder = [
        {"times": level, "spread": spread, "multiplier": factor}
        for level, (spread, factor) in enumerate(mood.preset.levels, start=1)
    ]
    return {
        "bot_name": f"{story.name} {mood.name}",
        "exchange_account": story.account.pk,
        "market1_symbol": story.symbols[0],
        "market2_symbol": story.symbols[1],
        "start_time": story.start_for(mood),
        "investment_per_order": str(INVESTMENT),
        "max_position_value": str(mood.investment),
        "max_dca_times": len(ladder),
        "dca_config": ladder,
        "profit_ratio": mood.profit_ratio,
        "pause_after_close": False,
        "tick_interval": 1,
    }


def _symbols_in_use(account: ExchangeAccount) -> Sequence[tuple[str, str]]:
    return list(
        Bot.objects.filter(exchange_account=account, deleted_at=None).values_list("market1_symbol", "market2_symbol")
    )
