"""The one shape of every error in the API: `{"detail": text, "code": text, "errors": {field: [text, …]}}`."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import (
    NON_FIELD_ERRORS,
    ObjectDoesNotExist,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views import defaults
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from exchanges import errors as venue
from exchanges.errors import DomainError

log = logging.getLogger(__name__)

STATUS_OF_VENUE_ERROR: dict[type[venue.ExchangeError], int] = {
    venue.Rejected: 422,
    venue.OrderNotFound: 404,
    venue.AuthFailed: 422,
    venue.RateLimited: 429,
    venue.Unavailable: 503,
    venue.OutcomeUnknown: 502,
    venue.ExchangeError: 502,
}
"""A refused key is the account's fault (422): 401 would tell the client that its own login failed."""

UNUSABLE = ("not_connected", "not_configured")
"""Codes of accounts that cannot be used as they are: asking again later does not help (422)."""


def body(detail: str, code: str, errors: Mapping[str, list[str]] | None = None) -> dict[str, Any]:
    return {"detail": detail, "code": code, "errors": dict(errors or {})}


def api_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer for an exception of an API view; None (a 500 with its traceback in the log) for one that is a defect."""
    answer = _answer(error)
    if answer is not None:
        set_rollback()
    return answer


def _answer(error: Exception) -> Response | None:
    match error:
        case ModelValidationError():
            return _invalid(_model_errors(error))
        case exceptions.ValidationError():
            return _invalid(dict(_flattened(error.detail)))
        case exceptions.APIException():
            return _refused(error)
        case Http404() | ObjectDoesNotExist():
            return _refused(exceptions.NotFound())
        case PermissionDenied():
            return _refused(exceptions.PermissionDenied())
        case DomainError():
            return Response(body(str(error.message), error.code), status=409)
        case venue.ExchangeError():
            return _venue_error(error)
        case RequestDataTooBig():
            return Response(body(_("The request is too large."), "too_large"), status=413)
        case SuspiciousOperation():
            return Response(body(_("The request could not be understood."), "bad_request"), status=400)
        case RedisError() | OperationalError() | InterfaceError():
            log.error("a server of ours does not answer", exc_info=error)
            return Response(body(_("Not possible right now. Try again shortly."), "unavailable"), status=503)
        case _:
            return None


def _refused(error: exceptions.APIException) -> Response:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    detail, code = _detail_and_code(error)
    return Response(body(detail, code), status=error.status_code, headers=headers)


def _detail_and_code(error: exceptions.APIException) -> tuple[str, str]:
    """Some libraries put a whole dictionary into `detail`; its own `detail` and `code` are meant then."""
    if isinstance(error.detail, Mapping):
        text = error.detail.get("detail", error.default_detail)
        return str(text), str(error.detail.get("code", error.default_code))
    return str(error.detail), getattr(error.detail, "code", error.default_code)


def _invalid(errors: dict[str, list[str]]) -> Response:
    general = errors.pop(NON_FIELD_ERRORS, None) or errors.pop("non_field_errors", None)
    if general:
        errors["non_field_errors"] = general
    first = next((texts[0] for texts in errors.values() if texts), "")
    detail = first if len(errors) == 1 and general else _("Some values are not right.")
    return Response(body(detail, "invalid", errors), status=400)


def _model_errors(error: ModelValidationError) -> dict[str, list[str]]:
    if hasattr(error, "error_dict"):
        return {field: [str(text) for text in texts] for field, texts in error.message_dict.items()}
    return {NON_FIELD_ERRORS: [str(text) for text in error.messages]}


def _flattened(detail: Any, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """(field path, texts) of nested serializer errors: `dca_config.0.spread`."""
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            yield from _flattened(value, f"{path}.{key}" if path else str(key))
    elif isinstance(detail, list) and any(isinstance(item, (Mapping, list)) for item in detail):
        for index, value in enumerate(detail):
            yield from _flattened(value, f"{path}.{index}" if path else str(index))
    else:
        texts = detail if isinstance(detail, list) else [detail]
        if texts:
            yield path or "non_field_errors", [str(text) for text in texts]


def _venue_error(error: venue.ExchangeError) -> Response:
    status = next(STATUS_OF_VENUE_ERROR[kind] for kind in type(error).__mro__ if kind in STATUS_OF_VENUE_ERROR)
    if error.code in UNUSABLE:
        status = 422
    retry_after_s = getattr(error, "retry_after_s", 0)
    headers = {"Retry-After": str(int(retry_after_s) + 1)} if retry_after_s else {}
    return Response(body(error.message, error.kind), status=status, headers=headers)


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return JsonResponse(body(_("The request could not be understood."), "bad_request"), status=400)
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return JsonResponse(body(_("You may not do this."), "permission_denied"), status=403)
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return JsonResponse(body(_("Not found."), "not_found"), status=404)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if _is_api(request):
        return JsonResponse(body(_("Something went wrong here. It was written to the log."), "error"), status=500)
    return defaults.server_error(request)
