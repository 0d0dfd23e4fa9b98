"""What every template gets."""

from functools import partial
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from bots.pages.shell import shell_of


def shell(request: HttpRequest) -> dict[str, Any]:
    return {"shell": SimpleLazyObject(partial(shell_of, request))}
