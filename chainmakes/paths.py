"""Addresses that work with and without their trailing slash."""

from collections.abc import Iterable

from django.urls import URLPattern
from django.urls.resolvers import RoutePattern


class EitherSlash(RoutePattern):
    """A route written without its last slash that also matches with it."""

    def match(self, path: str):  # type: ignore[no-untyped-def]
        return super().match(path.removesuffix("/"))


def either_slash(patterns: Iterable[URLPattern]) -> list[URLPattern]:
    return [URLPattern(_route(one), one.callback, one.default_args, one.name) for one in patterns]


def _route(pattern: URLPattern) -> EitherSlash:
    return EitherSlash(str(pattern.pattern).removesuffix("/"), name=pattern.name, is_endpoint=True)
