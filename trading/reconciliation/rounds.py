"""One round of an account: its books beside its venue's. Every minute, at the start, and when somebody asks.

The round that runs is a row (`Reconciliation`), claimed by a conditional update on PostgreSQL's clock as bots' leases
are: no session state, so that a connection pooler may stand between. One that gives no sign of life any more, because
its process was killed, is taken over. What it finds is written only while that row is still its own. A venue that does
not answer leaves everything as it is: nothing was found, nothing is gone.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, connections, transaction
from django.db.models.functions import Now
from django.utils import timezone

from exchanges import margin
from exchanges.adapters.base import Venue
from exchanges.errors import ExchangeError, Unavailable
from exchanges.limits import unhurried
from exchanges.models import ExchangeAccount
from exchanges.registry import venue_of
from trading.by_hand.settlement import account_orders_settle
from trading.core.order_state import UNSETTLED
from trading.models import AccountBooks, DifferenceKind, Order, Purpose, Reconciliation
from trading.order_lookup import order_find
from trading.questions import ask_together
from trading.reconciliation import compare, events, funding, money, outside, telling
from trading.reconciliation.claimed import Claimed, claimed_symbols, first_order_at
from trading.reconciliation.evidence import Evidence, FillsSeen, evidence_of, fills_seen, strangers
from trading.reconciliation.found import Found, RoundLost, Topic, differences_note, round_check

FILLS_EVERY = timedelta(minutes=10)
SETTINGS_EVERY = timedelta(minutes=10)
THOROUGH_EVERY = timedelta(hours=6)
SILENT_S = 15.0
"""Without a sign of life in this time a round counts as dead; one that waited longer for its venue loses its work."""
SIDE_BY_SIDE = 3
"""Accounts that a task compares at once: what they wait for is mostly their venues."""
ROUND_S = 60
"""From one round of an account to the next."""
OVERLAP = timedelta(minutes=10)
"""Fills are read again from this long before the last look: what is known is not booked twice."""
LOOK_BACK_MOST = timedelta(days=7)
NO_FILLS = FillsSeen((), ())

KINDS_OF_POSITION = (DifferenceKind.POSITION, DifferenceKind.FILL)
KINDS_OF_SETTINGS = (DifferenceKind.LEVERAGE, DifferenceKind.MARGIN_MODE, DifferenceKind.POSITION_MODE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`is_ok` None: the venue did not answer, nothing is known. `suspects`: seen once, worth another look soon."""

    is_ok: bool | None
    message: str = ""
    opened: int = 0
    gone: int = 0
    suspects: int = 0
    booked: int = 0
    skipped: tuple[str, ...] = ()


@dataclass(slots=True)
class Round:
    """`before`: the books as they were before the venue was asked. `thorough`: everything is read, whatever was read
    lately. `done_by`: after it no further question is put."""

    account: ExchangeAccount
    venue: Venue
    books: AccountBooks
    begun: datetime
    now: datetime
    thorough: bool
    done_by: datetime
    before: dict[str, Claimed]
    found: list[Found] = field(default_factory=list)
    compared: set[Topic] = field(default_factory=set)
    booked: int = 0


@unhurried()
def account_reconcile(account: ExchangeAccount, now: datetime, *, thorough: bool = False) -> Outcome | None:
    """None while somebody else compares this account. Never raises what a venue answers."""
    begun = round_claim(account)
    if begun is None:
        return None
    try:
        outcome = _compared(account, now, begun, thorough)
    except RoundLost:
        return None
    except ExchangeError as error:
        outcome = Outcome(None, error.message)
    except ValidationError as error:
        outcome = Outcome(None, " ".join(error.messages))
    _round_end(account, begun, outcome)
    return outcome


def round_claim(account: ExchangeAccount) -> datetime | None:
    """The start of our round; None while another one runs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO reconciliations (account_id, started_at, alive_at, finished_at, is_ok, message)"
            " VALUES (%(account)s, clock_timestamp(), clock_timestamp(), NULL, NULL, '')"
            " ON CONFLICT (account_id) DO UPDATE"
            " SET started_at = clock_timestamp(), alive_at = clock_timestamp(), finished_at = NULL"
            " WHERE reconciliations.finished_at IS NOT NULL"
            " OR reconciliations.alive_at < clock_timestamp() - make_interval(secs => %(most)s)"
            " RETURNING started_at",
            {"account": account.pk, "most": SILENT_S},
        )
        row = cursor.fetchone()
    return row[0] if row else None


def _alive(round_: Round) -> None:
    """Before something that may take long. Raises RoundLost."""
    mine = Reconciliation.objects.filter(account=round_.account, started_at=round_.begun)
    if not mine.update(alive_at=Now()):
        raise RoundLost


def _round_end(account: ExchangeAccount, begun: datetime, outcome: Outcome) -> None:
    mine = Reconciliation.objects.filter(account=account, started_at=begun)
    mine.update(finished_at=timezone.now(), is_ok=outcome.is_ok, message=outcome.message[:300])


def _compared(account: ExchangeAccount, now: datetime, begun: datetime, thorough: bool) -> Outcome:
    round_ = _round_of(account, now, begun, thorough)
    account_orders_settle(account, now)
    _alive(round_)
    reading = margin.reading_begin(account.pk)
    evidence = evidence_of(round_.venue)
    margin.reading_keep(reading, evidence.balance)
    _symbols_compare(round_, evidence)
    _mode_compare(round_)
    _settings_compare(round_)
    outside.outside_watch(round_.books, evidence, round_.before.keys())
    _alive(round_)
    _funding_take(round_, evidence)
    noted = differences_note(account, round_.found, _topics(round_), begun)
    telling.opened_tell(noted.opened, now)
    telling.gone_tell(noted.gone)
    suspects = noted.suspects + _balance_compare(round_, evidence)
    _books_save(round_)
    still_open = telling.open_count(account)
    skipped = tuple(sorted(symbol for symbol, one in round_.before.items() if not one.is_quiet))
    return Outcome(not still_open, "", len(noted.opened), len(noted.gone), suspects, round_.booked, skipped)


def _round_of(account: ExchangeAccount, now: datetime, begun: datetime, thorough: bool) -> Round:
    books, _ = AccountBooks.objects.get_or_create(account=account)
    due = books.thorough_at is None or now - books.thorough_at >= THOROUGH_EVERY
    done_by = timezone.now() + timedelta(seconds=settings.RECONCILE_ROUND_S)
    return Round(
        account, venue_of(account), books, begun, now, thorough or due, done_by, before=claimed_symbols(account)
    )


# --- positions, fills and resting orders ------------------------------------------------------------------------------


def _symbols_compare(round_: Round, evidence: Evidence) -> None:
    seen = {symbol: _fills(round_, one, evidence) for symbol, one in round_.before.items() if one.is_quiet}
    after = claimed_symbols(round_.account)
    quiet = {
        symbol: one
        for symbol, one in round_.before.items()
        if symbol in seen and symbol in after and after[symbol].is_quiet and after[symbol].stamp == one.stamp
    }
    for symbol, one in quiet.items():
        fills = seen[symbol]
        if fills.ours:
            round_.booked += sum(events.late_book(order, told, round_.now) for order, told in fills.ours)
            continue  # compared with what is booked now in the next round
        if events.is_forced(fills.outside) and fills.outside_amount == evidence.held(symbol) - one.amount:
            round_.booked += events.forced_book(one, fills.outside, round_.now)
            continue
        _symbol_compare(round_, one, evidence, fills)
    _orders_compare(round_, evidence, quiet)


def _symbol_compare(round_: Round, one: Claimed, evidence: Evidence, fills: FillsSeen) -> None:
    found = [compare.position_found(one, evidence, fills), *compare.held_settings_found(one, evidence)]
    round_.found += [difference for difference in found if difference is not None]
    kinds = [*KINDS_OF_POSITION] if fills is not NO_FILLS else [DifferenceKind.POSITION]
    if evidence.positions.get(one.symbol):
        kinds += KINDS_OF_SETTINGS
    round_.compared |= {(kind, one.symbol) for kind in kinds}
    if fills is not NO_FILLS and not fills.outside:
        first = _read(round_, one, evidence)[0]
        round_.books.fills_read[one.symbol] = [one.claim_id, first.isoformat(), evidence.at.isoformat()]


def _orders_compare(round_: Round, evidence: Evidence, quiet: Mapping[str, Claimed]) -> None:
    unknown = strangers(round_.account, evidence.orders, quiet.keys())
    round_.found += compare.orders_found(unknown, quiet)
    round_.compared |= {(DifferenceKind.ORDER, symbol) for symbol in quiet}


def _fills(round_: Round, one: Claimed, evidence: Evidence) -> FillsSeen:
    """Read where positions differ, and otherwise once in a while."""
    first, until = _read(round_, one, evidence)
    fresh = until is not None and evidence.at - until < FILLS_EVERY and not round_.thorough
    if fresh and evidence.held(one.symbol) == one.amount:
        return NO_FILLS
    if timezone.now() > round_.done_by:
        raise Unavailable("the exchange answers too slowly to compare everything", code="slow")
    since = max(first, (until or first) - OVERLAP, evidence.at - LOOK_BACK_MOST)
    _alive(round_)
    seen = fills_seen(round_.account, round_.venue, one.symbol, since)
    if seen.outside and _stops_settle(round_, one):
        seen = fills_seen(round_.account, round_.venue, one.symbol, since)
    return seen


def _read(round_: Round, one: Claimed, evidence: Evidence) -> tuple[datetime, datetime | None]:
    """From when on and up to when fills were read under this very claim: what was traded before it is nobody's here."""
    claim_id, first, until = round_.books.fills_read.get(one.symbol, (None, "", ""))
    if claim_id == one.claim_id:
        return datetime.fromisoformat(first), datetime.fromisoformat(until)
    return min(one.opened_at or evidence.at, first_order_at(one) or evidence.at), None


def _stops_settle(round_: Round, one: Claimed) -> bool:
    """A protective stop that has fired trades under another name until it was asked for."""
    stops = Order.objects.filter(bot=one.bot, symbol=one.symbol, purpose=Purpose.PROTECT, status__in=UNSETTLED)
    asked = [order_find(round_.venue, order) for order in stops]
    return bool(asked)


# --- settings, funding, money -----------------------------------------------------------------------------------------


def _settings_compare(round_: Round) -> None:
    """Of markets in which nothing is held now: the next order would meet them. One of them in every round (which tells
    the account's position mode as well) beside those that differed before, all of them once in a while."""
    told = {symbol for kind, symbol in telling.open_topics(round_.account) if kind in KINDS_OF_SETTINGS}
    flat = {symbol for symbol, one in round_.before.items() if one.bot.status == "running" or symbol in told}
    flat -= {symbol for kind, symbol in round_.compared if kind == DifferenceKind.LEVERAGE}
    last = round_.books.settings_read_at
    if round_.thorough or last is None or round_.now - last >= SETTINGS_EVERY:
        round_.books.settings_read_at = round_.now
    elif flat:
        turn = int(round_.now.timestamp() // ROUND_S) % len(flat)
        flat &= {sorted(flat)[turn], *told}
    for symbol in sorted(flat):
        one = round_.before[symbol]
        _alive(round_)
        settings_ = round_.venue.market_settings(symbol, margin_mode=compare.margin_mode_of(one.bot))
        round_.found += compare.settings_found(one, settings_)
        round_.compared |= {(kind, symbol) for kind in KINDS_OF_SETTINGS}


def _mode_compare(round_: Round) -> None:
    """Of what is held: positions tell their leverage themselves, but not always how the account holds them."""
    held = sorted(symbol for kind, symbol in round_.compared if kind == DifferenceKind.POSITION_MODE)
    known = {one.symbol for one in round_.found if one.kind == DifferenceKind.POSITION_MODE}
    if not held or known:
        return
    one = round_.before[held[0]]
    told = round_.venue.market_settings(one.symbol, margin_mode=compare.margin_mode_of(one.bot))
    round_.found += [found for found in compare.settings_found(one, told) if found.kind == DifferenceKind.POSITION_MODE]


def _funding_take(round_: Round, evidence: Evidence) -> None:
    if round_.thorough or funding.funding_due(round_.books, evidence.at):
        round_.booked += funding.funding_take(round_.account, round_.books, round_.venue, evidence.at)


def _balance_compare(round_: Round, evidence: Evidence) -> int:
    """1 where something is to be looked at again.

    Only while nothing moves on the whole account, and nobody has to decide about positions and fills first.
    """
    round_.booked += money.fees_convert(round_.account, round_.venue)
    if (
        telling.open_topics(round_.account)
        or round_.booked
        or not all(one.is_quiet for one in round_.before.values())
        or _moves(round_.account)
    ):
        return 0
    books, balance = round_.books, evidence.balance
    booked = money.booked_total(round_.account, balance.currency)
    moved = money.unexplained(books, balance, booked)
    _alive(round_)
    if moved and abs(moved) >= money.DUST and _explained_now(round_, evidence):
        return 1
    if moved != 0 and _has_changed(round_):
        return 0
    with transaction.atomic():
        round_check(round_.account, round_.begun)
        if money.balance_note(round_.account, books, balance, booked, evidence.at):
            outside.outside_explained(books, evidence)
    return int(moved is not None and abs(moved) >= money.DUST)


def _explained_now(round_: Round, evidence: Evidence) -> bool:
    """Funding that was paid just now, or a trade in a market that no bot owns, would look like a transfer: both are
    read first."""
    taken = funding.funding_take(round_.account, round_.books, round_.venue, evidence.at)
    taken += outside.outside_take(round_.account, round_.books, round_.venue, evidence, round_.before.keys())
    round_.booked += taken
    return taken > 0


def _moves(account: ExchangeAccount) -> bool:
    return Order.objects.filter(account=account, bot=None, status__in=UNSETTLED).exclude(order_type="stop").exists()


def _has_changed(round_: Round) -> bool:
    after = claimed_symbols(round_.account)
    same = {symbol for symbol, one in round_.before.items() if symbol in after and after[symbol].stamp == one.stamp}
    return same != after.keys() | round_.before.keys()


def _topics(round_: Round) -> set[Topic]:
    """What nobody owns any more is no difference either."""
    orphaned = telling.open_topics(round_.account)
    return round_.compared | {topic for topic in orphaned if topic[1] not in round_.before}


def _books_save(round_: Round) -> None:
    books = round_.books
    kept = {key for key in books.fills_read if key.startswith(outside.MARK)} | round_.before.keys()
    books.fills_read = {key: read for key, read in books.fills_read.items() if key in kept}
    if round_.thorough:
        books.thorough_at = round_.now
    with transaction.atomic():
        round_check(round_.account, round_.begun)
        books.save()


def _venues_wake(accounts: Sequence[ExchangeAccount]) -> None:
    """What a venue that is new to this process asks for first, of all of them at once: its clock, its markets, fees."""
    venues = []
    for account in accounts:
        with suppress(ExchangeError, ValidationError):
            venues.append(venue_of(account))
    ask_together([partial(_wake, venue) for venue in venues if not venue.is_paper])


@unhurried()
def _wake(venue: Venue) -> None:
    """An account that does not answer says so in its own round."""
    with suppress(ExchangeError):
        venue.clock()
        venue.markets()


def accounts_reconcile(accounts: Sequence[ExchangeAccount], now: datetime, *, thorough: bool = False) -> list[int]:
    """A few accounts side by side; those that are worth another look soon: something was seen, or another round is at
    it, which may be dead."""
    _venues_wake(accounts)
    if len(accounts) < 2:
        outcomes = [account_reconcile(account, now, thorough=thorough) for account in accounts]
    else:
        with ThreadPoolExecutor(min(SIDE_BY_SIDE, len(accounts)), thread_name_prefix="compare") as pool:
            outcomes = list(pool.map(partial(_in_thread, now=now, thorough=thorough), accounts))
    pairs = zip(accounts, outcomes, strict=True)
    return [account.pk for account, told in pairs if told is None or told.suspects or told.booked]


def _in_thread(account: ExchangeAccount, now: datetime, thorough: bool) -> Outcome | None:
    try:
        return account_reconcile(account, now, thorough=thorough)
    finally:  # the thread ends without giving them back
        for each in connections.all(initialized_only=True):
            each.close()
