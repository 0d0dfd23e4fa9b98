"""Venues of accounts: one per account and process, shared by its threads. The only place that opens a secret."""

import atexit
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TypeVar

from django.utils.translation import gettext_lazy

from exchanges import paper_config
from exchanges.adapters.access import Keys
from exchanges.adapters.account_dialect import AccountDialect, Examination
from exchanges.adapters.base import Venue
from exchanges.adapters.binance_account import BinanceAccount
from exchanges.adapters.binance_spot import BinanceSpot
from exchanges.adapters.bybit_account import BybitAccount
from exchanges.adapters.bybit_spot import BybitSpot
from exchanges.adapters.ccxt_adapter import Client
from exchanges.adapters.instruments import Instrument
from exchanges.adapters.live import LiveVenue
from exchanges.adapters.okx_account import OkxAccount
from exchanges.adapters.okx_spot import OkxSpot
from exchanges.adapters.paper import PaperVenue, Terms
from exchanges.adapters.paper_live import LivePaperVenue
from exchanges.adapters.paper_matching import Book
from exchanges.adapters.paper_quotes import ListedRules, LiveQuotes
from exchanges.adapters.paper_replay import PacedReplay, Plan, Tape
from exchanges.adapters.paper_running import RunningPaperVenue
from exchanges.adapters.paper_simulated import Simulation
from exchanges.adapters.paper_stepped import SteppedPaperVenue
from exchanges.adapters.venues import Kind
from exchanges.contract_rules import published_leverage, rules_of, without_lots
from exchanges.errors import AuthFailed, DomainError, Unavailable
from exchanges.history import candles
from exchanges.known_secrets import remember
from exchanges.models import SECRET_NAMES, ExchangeAccount, PaperSource
from exchanges.paper_config import PaperConfig
from exchanges.secrets import SecretMismatch, unseal
from exchanges.symbols import is_inverse, kind_of
from exchanges.venue_clients import account_client, markets_of
from trading.core.sizing import MarketRules

CURRENCY = "USDT"
LEVERAGE_NEEDS_A_KEY = frozenset({"binance"})
"""Their public lists do not tell the largest leverage."""

ACCOUNT_DIALECTS: Mapping[str, AccountDialect] = {
    "okx": OkxAccount(),
    "binance": BinanceAccount(),
    "bybit": BybitAccount(),
}

DESKS: Mapping[tuple[str, Kind], AccountDialect] = {
    ("okx", "spot"): OkxSpot(),
    ("okx", "future"): OkxAccount("FUTURES"),
    ("binance", "spot"): BinanceSpot(),
    ("binance", "future"): BinanceAccount(),
    ("bybit", "spot"): BybitSpot(),
    ("bybit", "future"): BybitAccount(),
}
"""What orders by hand may trade beside the linear perpetual swaps, by exchange and kind."""

INVERSE_DESKS: Mapping[tuple[str, Kind], AccountDialect] = {
    ("okx", "swap"): OkxAccount(inverse=True),
    ("okx", "future"): OkxAccount("FUTURES", inverse=True),
    ("bybit", "swap"): BybitAccount("inverse"),
    ("bybit", "future"): BybitAccount("inverse"),
}
"""The same of contracts that settle in their coin."""

_KIND_UNKNOWN = gettext_lazy("Markets of this kind can be looked at, but not traded here.")
_INVERSE_UNKNOWN = gettext_lazy("Contracts that are settled in their own coin can be looked at, but not traded here.")
_PAPER_SWAPS = gettext_lazy("Only perpetual swaps that are settled in USDT are traded on a paper account.")

Made = TypeVar("Made")

_lock = threading.Lock()
_venues: dict[int, tuple[datetime, Venue]] = {}
_desks: dict[tuple[int, Kind, bool], tuple[Venue, Venue]] = {}


def venue_of(account: ExchangeAccount) -> Venue:
    """The account's venue; made anew when its row was changed since. Raises Unavailable, ValidationError."""
    known = _venues.get(account.pk)
    if known is not None and known[0] == account.updated_at:
        return known[1]
    with _lock:
        known = _venues.get(account.pk)
        if known is not None and known[0] >= account.updated_at:
            return known[1]
        venue = _made(account)
        _venues[account.pk] = account.updated_at, venue
    if known is not None:
        known[1].close()
    return venue


def venue_for(account: ExchangeAccount, symbol: str) -> Venue:
    """The account's venue as that market needs it. Raises what `desk_of` does."""
    return desk_of(account, kind_of(symbol), inverse=is_inverse(symbol))


def desk_of(account: ExchangeAccount, kind: Kind, *, inverse: bool = False) -> Venue:
    """The account's venue for markets of one kind, over the connections of `venue_of`: those that settle in money, or
    those that do so in their coin.

    Raises DomainError for a kind that is not traded there, and what `venue_of` does.
    """
    venue = venue_of(account)
    if kind == "swap" and not inverse:
        return venue
    dialect = (INVERSE_DESKS if inverse else DESKS).get((account.exchange, kind))
    if not isinstance(venue, LiveVenue) or dialect is None:
        unknown = _INVERSE_UNKNOWN if inverse else _KIND_UNKNOWN
        raise DomainError(str(_PAPER_SWAPS if venue.is_paper else unknown), "kind_not_traded")
    known = _desks.get((account.pk, kind, inverse))
    if known is None or known[0] is not venue:
        source = markets_of(account.exchange, kind, testnet=account.is_testnet)
        known = venue, venue.beside(kind, dialect, source, inverse=inverse)
        _desks[account.pk, kind, inverse] = known
    return known[1]


def desks_of(account: ExchangeAccount, kind: Kind) -> list[Venue]:
    """Of all markets of one kind that are traded there. Raises what `desk_of` does, ExchangeError."""
    found = [desk_of(account, kind)]
    if trades_inverse(account, kind) and (inverse := desk_of(account, kind, inverse=True)).markets():
        found.append(inverse)
    return found


def trades_inverse(account: ExchangeAccount, kind: Kind) -> bool:
    return (account.exchange, kind) in INVERSE_DESKS


def kinds_of(account: ExchangeAccount) -> list[Kind]:
    """Of markets that orders by hand may trade there."""
    return ["swap", *(kind for exchange, kind in DESKS if exchange == account.exchange)]


def examined(account: ExchangeAccount, secrets: Mapping[str, str]) -> Examination:
    """Of a real account with these secrets in place of those that are stored. Raises ExchangeError."""
    client = _client(account, {**_stored(account), **secrets})
    try:
        return ACCOUNT_DIALECTS[account.exchange].examine(client)
    finally:
        client.close()


def with_keys(account: ExchangeAccount, make: Callable[[Keys, Client], Made]) -> Made:
    """What `make` makes of an account's keys and a client that signs with them: they stay inside of it.

    Raises ExchangeError.
    """
    stored = _stored(account)
    return make(Keys(*(stored[name] for name in SECRET_NAMES)), _client(account, stored))


def forget(account_id: int) -> None:
    """Drops the venue of a deleted account."""
    with _lock:
        known = _venues.pop(account_id, None)
        for key in [key for key in _desks if key[0] == account_id]:
            del _desks[key]
    if known is not None:
        known[1].close()


def close_all() -> None:
    with _lock:
        known = list(_venues.values())
        _venues.clear()
        _desks.clear()
    for _made_at, venue in known:
        venue.close()


atexit.register(close_all)


def _made(account: ExchangeAccount) -> Venue:
    if account.is_paper:
        return _paper(account, paper_config.parse(account.paper_config))
    if account.exchange not in ACCOUNT_DIALECTS:
        raise Unavailable("Trading there is not possible yet", code="not_connected")
    return _live(account)


def _live(account: ExchangeAccount) -> LiveVenue:
    source = markets_of(account.exchange, testnet=account.is_testnet)
    client = _client(account, _stored(account))
    return LiveVenue(client, ACCOUNT_DIALECTS[account.exchange], source, opens=account.is_active)


def _stored(account: ExchangeAccount) -> Mapping[str, str]:
    """Callers leave the secrets in the database: they are read here, for the client alone."""
    row = ExchangeAccount.objects.only("owner", "uid", *SECRET_NAMES).get(pk=account.pk)
    try:
        return {name: unseal(row, getattr(row, name)) or "" for name in SECRET_NAMES}
    except SecretMismatch:
        raise AuthFailed("The stored keys belong to another account", code="sealed") from None


def _client(account: ExchangeAccount, secrets: Mapping[str, str]) -> Client:
    keys = Keys(*(secrets[name] for name in SECRET_NAMES))
    remember(secrets.values())
    if not (keys.api_key and keys.secret):
        raise Unavailable("This account has no keys", code="not_configured")
    return account_client(account.exchange, keys, account=str(account.uid), testnet=account.is_testnet)


def _paper(account: ExchangeAccount, config: PaperConfig) -> PaperVenue:
    if account.paper_source == PaperSource.SIMULATED:
        rules = paper_rules(account.paper_venue, tuple(Simulation.symbols), config)
        return RunningPaperVenue(_terms(account, config), rules, _simulation(config, rules))
    if account.paper_source == PaperSource.LIVE:
        return _on_live_quotes(account, config)
    rules = paper_rules(account.paper_venue, config.symbols, config)
    plan = _plan(account, config)
    if config.speed == 0:
        return SteppedPaperVenue(_terms(account, config), rules, Tape(plan, half_spread=config.half_spread))
    replay = PacedReplay(plan, half_spread=config.half_spread, ticks=_ticks(rules), speed=config.speed)
    return RunningPaperVenue(_terms(account, config), rules, replay)


def _on_live_quotes(account: ExchangeAccount, config: PaperConfig) -> LivePaperVenue:
    """Accounts of one venue share its markets and its quotes."""
    markets = markets_of(account.paper_venue)
    rules = ListedRules(markets, partial(_listed, account.paper_venue, config))
    return LivePaperVenue(_terms(account, config), LiveQuotes(markets, rules))


def _listed(venue: str, config: PaperConfig, market: Instrument) -> MarketRules | None:
    """Linear swaps of the wallet's currency."""
    if not market.linear or market.rules.settle != CURRENCY:
        return None
    rules = market.rules
    if venue in LEVERAGE_NEEDS_A_KEY:
        leverage = published_leverage(venue, rules.symbol) or rules.max_leverage
        rules = replace(rules, max_leverage=leverage)
    return _adapted(rules, config)


def paper_rules(venue: str, symbols: tuple[str, ...], config: PaperConfig) -> Mapping[str, MarketRules]:
    """The venue's contract rules, with what the account's settings change about them."""
    return {symbol: _adapted(_rules(venue, symbol, config.timeframe), config) for symbol in symbols}


def _rules(venue: str, symbol: str, timeframe: str) -> MarketRules:
    return rules_of(venue, symbol, candles.load(venue, symbol, timeframe)).rules


def _adapted(rules: MarketRules, config: PaperConfig) -> MarketRules:
    if not config.lot_rounding:
        rules = without_lots(rules)
    taker = rules.taker_fee if config.taker_fee is None else config.taker_fee
    maker = rules.maker_fee if config.maker_fee is None else config.maker_fee
    return replace(rules, taker_fee=taker, maker_fee=maker)


def _terms(account: ExchangeAccount, config: PaperConfig) -> Terms:
    return Terms(
        account_id=account.pk,
        opened_at=account.created_at,
        currency=CURRENCY,
        initial_balance=config.initial_balance,
        half_spread=config.half_spread,
        maintenance_margin=config.maintenance_margin,
        book=Book(slippage=config.slippage, depth=config.depth),
    )


def _plan(account: ExchangeAccount, config: PaperConfig) -> Plan:
    if config.start is None:
        raise Unavailable("This replay has no beginning", code="not_configured")
    return Plan(
        symbols=config.symbols,
        timeframe=config.timeframe,
        start=config.start,
        end=config.end,
        candles=partial(candles.load, account.paper_venue),
        funding=partial(candles.load_funding, account.paper_venue),
    )


def _simulation(config: PaperConfig, rules: Mapping[str, MarketRules]) -> Simulation:
    return Simulation(
        seed=config.seed,
        volatility=config.volatility,
        speed=config.speed or Decimal(1),
        half_spread=config.half_spread,
        ticks=_ticks(rules),
    )


def _ticks(rules: Mapping[str, MarketRules]) -> dict[str, Decimal]:
    return {symbol: market.price_tick for symbol, market in rules.items()}
