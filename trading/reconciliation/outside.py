"""What a person trades at the venue in markets that no bot owns: booked as it is, with its fills, fees and result.

Only where the whole way is known: the position began while the account was compared, and its fills add up to what the
venue says is held now. One that was opened and closed between two rounds is in the venue's list of what was traded
since the wallet was last explained. Anything else stays what it was: money that moved without a reason that we know.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from exchanges.adapters.base import Venue
from exchanges.models import ExchangeAccount
from trading.by_hand.positions import position_by_hand
from trading.ledger.outside import outside_alone_book
from trading.models import AccountBooks
from trading.reconciliation.evidence import Evidence, fills_seen

MARK = "*"
"""Begins the keys of such markets in `AccountBooks.fills_read`; alone it is the venue time of the last round, and that
up to which the wallet is explained."""
KEPT = timedelta(minutes=10)
"""After the position is gone: its last fills may be told late."""
UNSEEN_MOST = timedelta(days=2)
"""For how long what no round saw is looked for: every venue lists all fills of that time at once."""


def outside_watch(books: AccountBooks, evidence: Evidence, owned: Collection[str]) -> None:
    """Remembers since when something is held in markets that no bot owns; nothing is asked."""
    if books.balance is None:  # the account is compared for the first time, or after a backup was put back
        books.fills_read = {key: read for key, read in books.fills_read.items() if not key.startswith(MARK)}
    at, before = evidence.at.isoformat(), books.fills_read.get(MARK)
    held = {symbol for symbol in evidence.positions if symbol not in owned and evidence.held(symbol)}
    for symbol in held:
        first = before[1] if before else ""  # held since before the first round: nobody knows its cost
        known = books.fills_read.get(MARK + symbol, [0, first, ""])
        books.fills_read[MARK + symbol] = [0, known[1], ""]
    for symbol, (_number, first, gone) in outside_markets(books).items():
        if symbol in owned or (gone and evidence.at - datetime.fromisoformat(gone) > KEPT):
            del books.fills_read[MARK + symbol]
        elif symbol not in held:
            books.fills_read[MARK + symbol] = [0, first, gone or at]
    books.fills_read[MARK] = [0, at, (before[2] if before else "") or at]


def outside_explained(books: AccountBooks, evidence: Evidence) -> None:
    """The wallet is explained up to here."""
    books.fills_read[MARK] = [0, evidence.at.isoformat(), evidence.at.isoformat()]


def outside_markets(books: AccountBooks) -> dict[str, tuple[int, str, str]]:
    """By symbol: (0, venue time from which on its fills are known or "", venue time since when nothing is held)."""
    return {key[1:]: tuple(read) for key, read in books.fills_read.items() if key.startswith(MARK) and key != MARK}


def outside_take(
    account: ExchangeAccount, books: AccountBooks, venue: Venue, evidence: Evidence, owned: Collection[str]
) -> int:
    """Books what is new; how many orders. Raises ExchangeError."""
    booked = 0
    known = {symbol: first for symbol, (_number, first, _gone) in outside_markets(books).items()}
    for symbol, first in (_unseen(books, venue, evidence) | known).items():
        if symbol in owned or not first:
            continue
        seen = fills_seen(account, venue, symbol, datetime.fromisoformat(first))
        if seen.ours or not seen.outside:
            continue
        if position_by_hand(account, symbol).amount + seen.outside_amount == evidence.held(symbol):
            booked += outside_alone_book(account, seen.outside)
    return booked


def _unseen(books: AccountBooks, venue: Venue, evidence: Evidence) -> dict[str, str]:
    """Since when fills are to be read of every market that was traded. Those that were held are known better."""
    explained = books.fills_read[MARK][2]
    since = datetime.fromisoformat(explained)
    return dict.fromkeys(venue.traded(since=since), explained) if evidence.at - since < UNSEEN_MOST else {}
