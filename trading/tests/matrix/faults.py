"""Every fault of the specification, as one thing that happens to a world at a chosen instant.

A venue's fault is told to the venue at that instant and hits what it is asked next. A fault of this side (killed,
frozen, database or cache gone) happens there and then.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from django.core.cache import cache
from django.db import connection, connections
from django.utils import timezone

from bots.models import Bot
from exchanges import listings
from exchanges.adapters.paper_chaos import parse
from exchanges.tests.series import CHZ, GALA
from exchanges.tests.wire.market import WireOrder
from trading.engine import run_tick
from trading.tests.matrix.worlds import PaperWorld, World

HTML: Final = "<html><body>502 Bad Gateway</body></html>"
MINUTE: Final = timedelta(minutes=1)


class Killed(BaseException):
    """The process ends here: nothing may catch it but the test."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`strike` happens at the instant. `touched`: somebody trades at the venue, so that books and venue differ until a
    person decides. `told`: the venue does something and tells of it, and the next rounds of reconciliation book it.
    `lasts`: nothing can be traded until a person has set it right."""

    name: str
    strike: Callable[[World], None]
    touched: bool = False
    told: bool = False
    lasts: bool = False


# --- this side -------------------------------------------------------------------------------------------------------


def killed(world: World) -> None:
    raise Killed


def frozen_for_a_minute(world: World) -> None:
    """Its lease runs out, another worker comes and takes over; then it wakes up."""
    Bot.objects.filter(pk=world.bot.pk).update(lease_until=timezone.now() - MINUTE)
    for _ in range(2):
        _elsewhere(world)


def doubled_beat(world: World) -> None:
    _elsewhere(world)


def late_beat(world: World) -> None:
    """A look that was due a minute ago comes in between."""
    _elsewhere(world, timedelta(minutes=-1))


def postgres_restarted(world: World) -> None:
    """Every connection is cut, this one too."""

    def cut() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        _close_all()

    _in_a_thread(cut)


def valkey_flushed(world: World) -> None:
    cache.clear()
    listings.forget()


def _elsewhere(world: World, after: timedelta = timedelta(0)) -> None:
    _in_a_thread(lambda: run_tick(world.bot.pk, timezone.now() + after))


def _in_a_thread(work: Callable[[], Any]) -> None:
    def run() -> None:
        try:
            work()
        finally:
            _close_all()

    other = threading.Thread(target=run)
    other.start()
    other.join()


def _close_all() -> None:
    for one in connections.all(initialized_only=True):
        one.close()


SOCKETS: Final = (
    Fault("sockets silent", lambda world: world.socket_says(Decimal(2), age_s=20, is_connected=True)),
    Fault("sockets closed", lambda world: world.socket_says(Decimal(2), age_s=0, is_connected=False)),
)
OURS: Final = (
    Fault("process killed", killed),
    Fault("worker frozen for a minute", frozen_for_a_minute),
    Fault("PostgreSQL restarted", postgres_restarted),
    Fault("Valkey flushed", valkey_flushed),
    Fault("beat doubled", doubled_beat),
    Fault("beat late", late_beat),
)


# --- the paper venue -------------------------------------------------------------------------------------------------


def rehearsed(*also: dict[str, Any], **fault: Any) -> Callable[[World], None]:
    def strike(world: World) -> None:
        assert isinstance(world, PaperWorld)
        venue = world.venue
        _in_a_thread(lambda: venue.rehearse(parse({"faults": [fault, *also]})))

    return strike


def leg_liquidated(world: World) -> None:
    assert isinstance(world, PaperWorld)
    venue = world.venue
    _in_a_thread(lambda: venue.liquidate(GALA))


def _both_ways(name: str, **fault: Any) -> list[Fault]:
    """On one leg, and on both."""
    one = {"symbol": CHZ, "next": 1} | fault
    return [Fault(f"{name}, one leg", rehearsed(**one)), Fault(f"{name}, both legs", rehearsed(next=2, **fault))]


ONE_LEG_REFUSED: Final = {"fault": "reject", "symbol": CHZ, "reduce_only": False, "next": 9}
"""So that the other leg of an entry has to be closed again."""

ONE: Final[dict[str, Any]] = {"symbol": CHZ, "next": 1}
BOTH: Final[dict[str, Any]] = {"next": 2}
LOST: Final[dict[str, Any]] = {"fault": "timeout_after"}
HIDDEN: Final[dict[str, Any]] = {"fault": "not_found", "seconds": 0.2}
"""Without the answer, so that somebody asks. Two seconds in these short times, shorter than an order's own time."""

OF_PAPER: Final = (
    *_both_ways("refused", fault="reject"),
    *_both_ways("time-out before acceptance", fault="timeout_before"),
    *_both_ways("time-out after acceptance", fault="timeout_after"),
    *_both_ways("partial fill", fault="partial", share=0.4),
    *_both_ways("slow fill", fault="slow", steps=1),
    *_both_ways("expired unfilled", fault="partial", share=0),
    Fault("reduce-only refused", rehearsed(ONE_LEG_REFUSED, fault="reject", reduce_only=True, next=2)),
    Fault(
        "not found after acceptance, one leg",
        rehearsed(HIDDEN | {"symbol": CHZ, "next": 1}, **LOST, symbol=CHZ, next=1),
    ),
    Fault("not found after acceptance, both legs", rehearsed(HIDDEN | BOTH, **LOST | BOTH)),
    Fault("slow answer", rehearsed(fault="delay", seconds=0.05, next=2)),
    Fault("cancel without an answer", rehearsed(fault="cancel_timeout", next=1)),
    Fault("quotes stand still", rehearsed(fault="freeze")),
    Fault("liquidation", leg_liquidated, told=True),
)


# --- a real venue ----------------------------------------------------------------------------------------------------


def told(kind: str, times: int = 1, **options: Any) -> Callable[[World], None]:
    return lambda world: world.server.market.fault(kind, times, **options)


def answered(times: int = 1, **answer: Any) -> Callable[[World], None]:
    """The answer to the next order."""

    def strike(world: World) -> None:
        world.server.market.fault("http", times, path=world.server.order_path, method="POST", **answer)

    return strike


def everything_answered(times: int, **answer: Any) -> Callable[[World], None]:
    """The answers to the next questions of any kind."""
    return lambda world: world.server.market.fault("http", times, **answer)


def venue_clock_ahead(world: World) -> None:
    world.server.skew_ms = 3_600_000


def refused(name: str, times: int = 1, **which: Any) -> Callable[[World], None]:
    return told("refused", times, name=name, **which)


def trim_refused(world: World) -> None:
    """One leg of an entry is never taken; closing the other, and any close, is refused twice."""
    market = world.server.market
    market.fault("refused", 9, name="margin", base="CHZ", reduce_only=False)
    market.fault("refused", 2, name="reduce_only", reduce_only=True)


def closed_outside(cause: str, share: str) -> Callable[[World], None]:
    """Part of a leg is closed by a hand (no cause) or by the venue itself."""

    def strike(world: World) -> None:
        server, market = world.server, world.server.market
        held = market.held("GALA")
        lot = market.contracts["GALA"].lot
        amount = abs(held) * Decimal(share) // lot * lot
        if not amount:
            return
        names = {"liquidation": "autoclose-", "adl": "adl_autoclose", "": "web"}
        order = market.place(
            WireOrder(
                number=0,
                client_id=f"{names[cause]}{len(market.orders)}",
                base="GALA",
                side="sell" if held > 0 else "buy",
                type="market",
                tif="ioc",
                price=None,
                amount=amount,
                reduce_only=True,
                at_ms=0,
                margin_mode="cross",
            )
        )
        order.why = cause
        if server.exchange != "binance":  # elsewhere such orders have no name
            order.client_id = ""

    return strike


def position_mode_changed(world: World) -> None:
    world.server.market.hedged = True


def leverage_changed(world: World) -> None:
    world.server.market.leverage_set("GALA", 3)


def funding_paid(world: World) -> None:
    world.server.market.fund("GALA", Decimal("0.0001"))
    world.server.market.fund("CHZ", Decimal("-0.0003"))


def delisted(world: World) -> None:
    world.server.market.contracts["CHZ"].frozen = True
    valkey_flushed(world)


def price_runs_away(world: World) -> None:
    """Between decision and fill: limits of the slippage cap are not met."""
    market = world.server.market
    market.move("CHZ", market.contracts["CHZ"].price * Decimal("1.02"))


OF_VENUES: Final = (
    Fault("time-out before acceptance", answered(drop=True)),
    Fault("time-out after acceptance", answered(drop=True, after=True)),
    Fault("connection dropped, both legs", answered(2, drop=True)),
    Fault("429", answered(status=429, text=HTML, headers={"Retry-After": "1"})),
    Fault("ban", answered(status=418, text=HTML, headers={"Retry-After": "1"})),
    Fault("5xx, not taken", answered(status=500, text="")),
    Fault("5xx, taken", answered(status=500, text="", after=True)),
    Fault("HTML, taken", answered(status=502, text=HTML, after=True)),
    Fault("malformed JSON, taken", answered(status=200, text='{"code":', after=True)),
    Fault("truncated JSON", answered(cut=True)),
    Fault("empty answer", answered(status=200, text="{}")),
    Fault("maintenance", everything_answered(6, status=503, text=HTML)),
    Fault("answers that lag behind", everything_answered(3, status=504, text="")),
    Fault("venue's clock an hour ahead", venue_clock_ahead),
    Fault("insufficient margin", told("insufficient", 2)),
    Fault("below minimum", refused("notional")),
    Fault("unknown instrument", refused("unknown_market", 2)),
    Fault("duplicate id, taken before", told("repeated")),
    Fault("duplicate id, not there", refused("duplicate")),
    Fault("reduce-only refused", trim_refused),
    Fault("reduce-only clipped", closed_outside("", "0.5"), touched=True),
    Fault("order expired unfilled", told("partial", 2, share="0")),
    Fault("partial fill", told("partial", 1, share="0.4")),
    Fault("not found after acceptance", told("not_found", 2, seconds=0.2)),
    Fault("cancel without an answer", told("cancel_timeout", 1)),
    Fault("price beyond the limit", price_runs_away),
    Fault("leverage changed outside", leverage_changed),
    Fault("funding at an odd time", funding_paid, told=True),
    Fault("delisting", delisted),
    Fault("closed by hand", closed_outside("", "1"), touched=True),
    Fault("liquidation", closed_outside("liquidation", "1"), told=True),
    Fault("ADL", closed_outside("adl", "0.5"), told=True),
    Fault("position mode changed outside", position_mode_changed, lasts=True),
)


def faults_of(world: str) -> tuple[Fault, ...]:
    return (*OURS, *SOCKETS, *(OF_PAPER if world == "paper" else OF_VENUES))
