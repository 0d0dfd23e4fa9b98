"""What the rehearsal panel of a paper account's page shows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from bots.journal.lines import sentence
from exchanges.adapters.paper_chaos import Fault
from exchanges.errors import ExchangeError
from exchanges.market_data import markets
from exchanges.models import ExchangeAccount
from exchanges.pages.forms_rehearsal import RehearsalForm
from trading.models import Rehearsal
from trading.rehearsal import STRENGTHS, Kind, Result, rehearsal_result


@dataclass(frozen=True, slots=True)
class Asked:
    """One wish of a rehearsal in words' parts; `unit` belongs to the strength: "%" or "s"."""

    word: str
    symbol: str
    strength: str
    unit: str
    orders: int | None
    minutes: int | None


@dataclass(frozen=True, slots=True)
class Panel:
    form: RehearsalForm
    result: Result | None
    plan: Sequence[Asked]
    left: Sequence[Asked]
    lines: Sequence[tuple[Any, str]]
    failure: str = ""


def panel_of(account: ExchangeAccount, form: RehearsalForm | None = None, used: Collection[str] | None = None) -> Panel:
    """`form`: a wish with its complaints; `used`: as `form_of` takes it."""
    try:
        form = form or form_of(account, used=used)
        result = rehearsal_result(account)
    except ExchangeError as error:
        return Panel(form or RehearsalForm(), None, (), (), (), error.message)
    if result is None:
        return Panel(form, None, (), (), ())
    lines = [(line, sentence(line)) for line in result.lines]
    return Panel(form, result, _plan(result.rehearsal), [_left(fault) for fault in result.left], lines)


def form_of(account: ExchangeAccount, data: Any = None, used: Collection[str] | None = None) -> RehearsalForm:
    """Markets of the account's bots (`used`, where they are known) come first: they are the ones that matter.

    Raises ExchangeError.
    """
    if used is None:
        pairs = account.bots.filter(deleted_at=None).order_by().values_list("market1_symbol", "market2_symbol")
        used = {symbol for pair in pairs.distinct() for symbol in pair}
    known = set(markets(account))
    return RehearsalForm(data, symbols=[*sorted(known.intersection(used)), *sorted(known.difference(used))])


def _plan(rehearsal: Rehearsal) -> list[Asked]:
    return [
        Asked(
            word=str(Kind(asked["kind"]).label),
            symbol=asked["symbol"],
            strength=asked["strength"] or "",
            unit=_unit(Kind(asked["kind"])),
            orders=asked["orders"],
            minutes=asked["minutes"],
        )
        for asked in rehearsal.plan
    ]


def _left(fault: Fault) -> Asked:
    """A fault that was set by a program may be of a kind that has no word here."""
    kind = Kind(fault.fault.value) if fault.fault.value in Kind.values else None
    return Asked(str(kind.label) if kind else fault.fault.value, fault.symbol or "", "", "", fault.next, None)


def _unit(kind: Kind) -> str:
    if kind not in STRENGTHS:
        return ""
    return "s" if kind == Kind.DELAY else "%"
