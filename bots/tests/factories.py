"""Users, paper accounts and bots for everybody's tests."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from itertools import count
from typing import Any

from django.contrib.auth.hashers import make_password

from accounts.models import Role, User
from bots.models import Bot
from exchanges.models import Exchange, ExchangeAccount, PaperSource
from trading.core.sizing import MarketRules

GALA = "GALA/USDT:USDT"
CHZ = "CHZ/USDT:USDT"
START = datetime(2025, 1, 1, tzinfo=UTC)
PASSWORD = "correct horse battery staple"

_numbers = count(1)


def make_user(**fields: Any) -> User:
    name = fields.pop("username", f"trader{next(_numbers)}")
    password = fields.pop("password", PASSWORD)
    values = {"email": f"{name}@example.org", "password": _hashed(password)}
    return User.objects.create(username=name, **values | fields)


@cache
def _hashed(password: str) -> str:
    """Once per run: hashing is slow on purpose."""
    return make_password(password)


def make_viewer(**fields: Any) -> User:
    return make_user(role=Role.VIEWER, **fields)


def make_paper_account(owner: User | None = None, **fields: Any) -> ExchangeAccount:
    """A simulated market with Binance's rules unless told otherwise."""
    values = {
        "exchange": Exchange.PAPER,
        "label": f"Paper {next(_numbers)}",
        "paper_venue": Exchange.BINANCE,
        "paper_source": PaperSource.SIMULATED,
        "paper_config": {},
    }
    return ExchangeAccount.objects.create(owner=owner or make_user(), **values | fields)


def ladder(*steps: tuple[float, float]) -> list[dict[str, float]]:
    """Rows of a `dca_config` from (spread, multiplier) pairs."""
    return [{"times": k, "spread": spread, "multiplier": factor} for k, (spread, factor) in enumerate(steps, start=1)]


SIX_LEVELS = ladder((1.0, 1.0), (1.0, 1.2), (1.2, 1.5), (1.5, 2.0), (2.0, 2.0), (2.5, 2.5))


def bot_fields(**fields: Any) -> dict[str, Any]:
    """Columns of a flat, stopped GALA/CHZ bot with six levels."""
    return {
        "bot_name": f"GALA/CHZ {next(_numbers)}",
        "market1_symbol": GALA,
        "market2_symbol": CHZ,
        "start_time": START,
        "market1_start_price": Decimal("0.035"),
        "market2_start_price": Decimal("0.085"),
        "investment_per_order": Decimal(100),
        "max_position_value": Decimal(2040),
        "max_dca_times": 6,
        "dca_config": SIX_LEVELS,
    } | fields


def bot_settings(account: ExchangeAccount, **fields: Any) -> dict[str, Any]:
    """A good bot as a form or the API posts it."""
    return {
        "bot_name": "GALA/CHZ",
        "exchange_account": account.pk,
        "market1_symbol": "GALA-USDT",
        "market2_symbol": CHZ,
        "start_time": "2025-02-11T21:00:00Z",
        "investment_per_order": "100",
        "max_position_value": 2040,
        "dca_config": SIX_LEVELS,
    } | fields


def market_rules(symbol: str, *, fee: str = "0.0005") -> MarketRules:
    """Whole coins, 5 USDT at least, up to 50x."""
    zero, one = Decimal(0), Decimal(1)
    return MarketRules(
        symbol=symbol,
        base=symbol.partition("/")[0],
        quote="USDT",
        settle="USDT",
        contract_size=one,
        amount_step=one,
        amount_min=one,
        amount_max=None,
        price_tick=zero,
        notional_min=Decimal(5),
        notional_max=None,
        max_leverage=Decimal(50),
        taker_fee=Decimal(fee),
        maker_fee=zero,
        active=True,
    )


def make_bot(owner: User | None = None, account: ExchangeAccount | None = None, **fields: Any) -> Bot:
    """A row without schedule, claims or journal: what `bots.services` would add, a test of those asks them for."""
    account = account or make_paper_account(owner)
    return Bot.objects.create(owner=account.owner, exchange_account=account, **bot_fields(**fields))
