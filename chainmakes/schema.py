"""OpenAPI: the error answers that every operation may give follow from what kind of operation it is."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS, AllowAny


class ErrorSerializer(serializers.Serializer):
    """The one shape of every error. `errors` holds the complaints by field, empty when it is not about fields."""

    detail = serializers.CharField()
    code = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField())
    )


class ApiSchema(AutoSchema):
    """A view names what cannot be derived in `error_statuses` (409 of rules, 422, 429, 502 and 503 of venues)."""

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        answers = super()._get_response_bodies(direction)
        for status in sorted(self._error_statuses() - {int(code) for code in answers}):
            answers[str(status)] = self._get_response_for_code(ErrorSerializer, str(status))
        return answers

    def _error_statuses(self) -> set[int]:
        found = {406, *getattr(self.view, "error_statuses", ())}
        if self.view.throttle_classes:
            found |= {429}
        if AllowAny not in self.view.permission_classes:
            found |= {401}
        if self.view.authentication_classes:
            found |= {401} if self._is_open_to_readers() else {401, 403}
        if self._get_request_body():
            found |= {400, 413, 415}
        if self._get_parameters():
            found |= {400, 404}
        return found

    def _is_open_to_readers(self) -> bool:
        """Reading with any API token; all else may be too much for a token's scope or a viewer."""
        needs_more = getattr(self.view, "login_only", False) or hasattr(self.view, "read_scope")
        return self.method in SAFE_METHODS and not needs_more


BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}


def strict_bounds(result: Any, **kwargs: Any) -> Any:
    """Parameters of strategies and of sizes are told in JSON Schema, whose strict bounds are numbers; OpenAPI 3.0 wants
    the bound and a flag beside it. A time of day of ours has no zone, which the format `time` asks for."""
    if isinstance(result, list):
        return [strict_bounds(item) for item in result]
    if not isinstance(result, dict):
        return result
    told = {name: strict_bounds(value) for name, value in result.items()}
    for flag, bound in BOUNDS.items():
        number = told.get(flag)
        if isinstance(number, (int, float)) and not isinstance(number, bool):
            told |= {bound: number, flag: True}
    if told.get("format") == "time":
        told.pop("format")
    return told
