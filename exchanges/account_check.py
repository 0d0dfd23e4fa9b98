"""Whether an account can be traded on, and if not, what its owner has to mend."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exchanges.adapters.account_dialect import Examination
from exchanges.adapters.base import Balance, Venue
from exchanges.adapters.ccxt_adapter import UNREACHABLE
from exchanges.adapters.live import LiveVenue
from exchanges.adapters.paper_live import LivePaperVenue
from exchanges.errors import AuthFailed, ExchangeError, Rejected, Unavailable
from exchanges.models import ExchangeAccount, PaperSource
from exchanges.registry import venue_of


@dataclass(frozen=True, slots=True)
class Check:
    """`uid` is the venue's own number of the account, empty where it does not tell it."""

    ok: bool
    message: str
    uid: str = ""


WORDS: Mapping[str, str | Promise] = {
    "key": gettext_lazy("The exchange does not know this API key. Is it of the right kind: live or testnet?"),
    "environment": gettext_lazy("This API key is of the other kind: live instead of testnet, or the reverse."),
    "secret": gettext_lazy("The API secret is wrong."),
    "passphrase": gettext_lazy("The passphrase is wrong."),
    "address": gettext_lazy("The API key does not accept requests from this server's IP address."),
    "permission": gettext_lazy("The API key lacks a permission: it has to read and to trade futures."),
    "expired": gettext_lazy("The API key has expired."),
    "key_or_address": gettext_lazy(
        "The exchange refuses the API key: it is wrong, lacks a permission or does not accept this server's IP address."
    ),
    "clock": gettext_lazy("The clock of this server is wrong: the exchange refuses its time."),
}
"""By the reason of the refusal."""


def checked(account: ExchangeAccount) -> Check:
    """Changes nothing. A paper account only has to answer; on live quotes its venue too."""
    if not (account.is_paper or account.is_active):
        return Check(False, _("This account is switched off."))
    try:
        venue = venue_of(account)
        examination = _examination(venue)
        if examination is not None and (problem := next(_problems(examination), None)):
            return Check(False, problem, examination.uid)
        balance = venue.balance()
        notes = _quoted(account, venue) if venue.is_paper else _notes(examination)
    except ExchangeError as error:
        return Check(False, _failed(account, error))
    return Check(True, " ".join((_connected(balance), *notes)), examination.uid if examination else "")


def obstacles(account: ExchangeAccount) -> list[str]:
    """What keeps bots from trading there, all at once, asked for now; none for paper. Raises ExchangeError."""
    venue = venue_of(account)
    if not isinstance(venue, LiveVenue):
        return []
    examination = venue.examine()
    found = list(_problems(examination))
    if not examination.one_way and venue.positions():
        found.append(_("Longs and shorts are held apart there. That can change only while nothing is held."))
    return found


def withdrawal_unknown(account: ExchangeAccount) -> bool:
    """Whether the venue will not say if the key can withdraw. Raises ExchangeError for a bad key."""
    venue = venue_of(account)
    if not isinstance(venue, LiveVenue):
        return False
    examination = _examination(venue)
    return examination is None or examination.withdraws is None


def clock_offset(account: ExchangeAccount) -> timedelta:
    """The venue's clock less this host's, measured now; nothing for paper. Raises ExchangeError."""
    if account.is_paper:
        return timedelta(0)
    began = timezone.now()
    theirs = venue_time(account)
    return theirs - (began + (timezone.now() - began) / 2)


def venue_time(account: ExchangeAccount) -> datetime:
    """By a question that is asked now. Raises ExchangeError."""
    venue = venue_of(account)
    return venue.ping() if isinstance(venue, (LiveVenue, LivePaperVenue)) else venue.clock()


def _examination(venue: Venue) -> Examination | None:
    """None for paper, and where the venue does not say what the key may do. Raises ExchangeError for a bad key."""
    if not isinstance(venue, LiveVenue):
        return None
    try:
        return venue.examine()
    except (AuthFailed, Rejected):
        raise
    except ExchangeError:
        return None


def _problems(examination: Examination) -> Iterator[str]:
    if examination.withdraws:
        yield _("This API key can withdraw money. Use one that can only read and trade.")
    if not examination.trades:
        yield _("This API key can only read. Allow it to trade futures.")
    if examination.fees_elsewhere:
        yield _("Fees are paid in BNB there. Switch that off: profits here are counted in one currency.")
    if not examination.derivatives:
        yield _("This account trades spot only. Switch it to futures mode at the exchange.")


def _notes(examination: Examination | None) -> list[str]:
    if examination is None or examination.withdraws is None:
        notes = [_("The exchange does not say whether the key can withdraw: make sure that it cannot.")]
    else:
        notes = []
    if examination is not None and not examination.one_way:
        notes.append(_("Longs and shorts are held apart: a bot needs one-way mode, and sets it when it starts."))
    return notes


def _quoted(account: ExchangeAccount, venue: Venue) -> list[str]:
    """What live quotes a paper account sees. Raises ExchangeError."""
    if not isinstance(venue, LivePaperVenue):
        return []
    name, quotes = account.get_paper_venue_display(), venue.quotes(list(venue.markets()))
    if not quotes:
        raise Unavailable(_("there are no quotes"), code="no_quotes")
    age = venue.clock() - max(quote.alive_at for quote in quotes.values())
    words = {"venue": name, "count": len(quotes), "seconds": f"{max(age.total_seconds(), 0.0):.1f}"}
    return [_("%(venue)s quotes %(count)d perpetual swaps; the newest quote is %(seconds)s s old.") % words]


def _failed(account: ExchangeAccount, error: ExchangeError) -> str:
    if account.paper_source == PaperSource.LIVE:
        words = {"venue": account.get_paper_venue_display(), "error": error.message}
        if error.reason == UNREACHABLE:
            return _("No live quotes: %(venue)s cannot be reached from this server.") % words
        return _("No live quotes of %(venue)s: %(error)s") % words
    return str(WORDS.get(error.reason, error.message))


def _connected(balance: Balance) -> str:
    figures = {"equity": f"{balance.equity:,.2f}", "currency": balance.currency}
    return _("Connected. Equity %(equity)s %(currency)s.") % figures
