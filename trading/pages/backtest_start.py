"""Starting what the form of a back-test or of a search asks for."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import Http404
from django.utils import timezone

from accounts.page_request import PageRequest
from bots.models import Bot
from exchanges.errors import DomainError
from trading.models import Backtest
from trading.pages.forms_backtests import BacktestForm

FILLED_FROM_MOST = 20
"""How many of the user's bots and runs a form offers to be filled in from."""


def started(
    request: PageRequest, form: BacktestForm, asked: Callable[[], dict[str, Any]], create: Callable[..., Backtest]
) -> Backtest | None:
    """None where it is refused, with the reasons in the form. `asked` and `create` raise ValidationError by field or
    DomainError."""
    try:
        data = asked() | ({} if form.bot_id is None else {"bot": form.bot_id})
        return create(actor=request.user, data=data, now=timezone.now())
    except Bot.DoesNotExist:
        raise Http404 from None
    except ValidationError as error:
        form.refuse(error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages})
    except DomainError as error:
        form.refuse({NON_FIELD_ERRORS: [error.message]})
    return None


def number_of(text: str) -> int:
    """An id from an address; 0, which nothing has, for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
