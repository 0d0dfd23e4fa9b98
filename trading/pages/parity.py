"""The part of a bot's page that holds its past against the back-test, fetched when its tab is opened."""

from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.page_request import PageRequest
from bots.models import Bot
from bots.selectors import bot_of
from exchanges.adapters.paper_source import from_ms
from exchanges.errors import ExchangeError
from exchanges.symbols import settle_of
from trading.parity.compare import Outcome
from trading.parity.report import Line, Report, parity_of
from trading.parity.words import ACTIONS, DIFFERENCES, OUTCOMES, PARTS, reason_sentence, verdict

ROWS: Final = 25
CYCLES: Final = 200
_TONES: Final = {
    Outcome.SAME: "",
    Outcome.DIFFERENT: "chip-warn",
    Outcome.ONLY_LIVE: "chip-warn",
    Outcome.ONLY_REPLAYED: "chip-warn",
}


@login_required
@require_GET
def bot_parity(request: PageRequest, bot_id: int) -> HttpResponse:
    """`?outcome=` narrows the decisions, `page` turns them over."""
    try:
        bot = bot_of(request.user, bot_id)
    except Bot.DoesNotExist:
        raise Http404 from None
    try:
        report = parity_of(bot)
    except (ExchangeError, ValidationError) as error:
        text = error.message if isinstance(error, ExchangeError) else " ".join(error.messages)
        return render(request, "trading/parts/parity_failed.html", {"bot": bot, "text": text})
    return render(request, "trading/parts/parity.html", parity_context(bot, report, request.GET.dict()))


def parity_context(bot: Bot, report: Report, query: dict[str, str]) -> dict[str, Any]:
    currency = settle_of(bot.market1_symbol)
    wished = query.get("outcome", "")
    outcome = Outcome(wished) if wished in {each.value for each in Outcome} else None
    page: Page[Line] = Paginator(_newest_first(report, outcome), ROWS).get_page(query.get("page"))
    return {
        "bot": bot,
        "report": report,
        "currency": currency,
        "verdict": verdict(report),
        "same": report.count(Outcome.SAME),
        "since": from_ms(report.since),
        "until": from_ms(report.until),
        "outcome": outcome.value if outcome else "",
        "segments": _segments(report),
        "page": page,
        "rows": [_row(line, currency) for line in page],
        "difference": report.lived_pnl - report.replayed_pnl,
        "parts": [(word, getattr(report.parts, name)) for name, word in PARTS.items()],
        "cycles": report.cycles[::-1][:CYCLES],
        "part_words": [*PARTS.values()],
        "changes": [(from_ms(change.at), ", ".join(change.fields)) for change in report.changes],
    }


def _newest_first(report: Report, outcome: Outcome | None) -> list[Line]:
    return [line for line in reversed(report.lines) if outcome in (None, line.pair.outcome)]


def _segments(report: Report) -> list[tuple[str, Any, int]]:
    counts = [(outcome.value, word, report.count(outcome)) for outcome, word in OUTCOMES.items()]
    return [each for each in counts if each[2] or each[0] == Outcome.SAME]


def _row(line: Line, currency: str) -> dict[str, Any]:
    pair = line.pair
    first = pair.lived or pair.replayed
    assert first is not None
    return {
        "action": ACTIONS.get(first.action, first.action),
        "other_action": ACTIONS.get(pair.replayed.action) if pair.replayed and "action" in pair.differs else None,
        "is_entry": first.is_entry,
        "level": first.level,
        "other_level": pair.replayed.level if pair.replayed and "level" in pair.differs else None,
        "side": first.side,
        "lived": pair.lived,
        "lived_at": from_ms(pair.lived.at) if pair.lived else None,
        "replayed": pair.replayed,
        "replayed_at": from_ms(pair.replayed.at) if pair.replayed else None,
        "slippage": line.slippage,
        "outcome": OUTCOMES[pair.outcome],
        "tone": _TONES[pair.outcome],
        "is_same": pair.outcome is Outcome.SAME,
        "differs": [DIFFERENCES[name] for name in pair.differs],
        "reasons": [reason_sentence(reason, currency) for reason in line.reasons],
    }
