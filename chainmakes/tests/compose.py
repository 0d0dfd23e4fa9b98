"""docker-compose.yml as Compose reads it: merged, with its variables put in."""

import re
from typing import Any

import yaml

from chainmakes.tests.launched import ROOT

VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?:(:[?-])([^}]*))?\})")


class MissingVariable(Exception):
    """A variable without which Compose refuses to go on."""


def interpolate(value: Any, variables: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: interpolate(item, variables) for name, item in value.items()}
    if isinstance(value, list):
        return [interpolate(item, variables) for item in value]
    return VARIABLE.sub(lambda match: _replacement(match, variables), value) if isinstance(value, str) else value


def _replacement(match: "re.Match[str]", variables: dict[str, str]) -> str:
    dollar, name, condition, text = match.groups()
    if dollar:
        return "$"
    if variables.get(name):
        return variables[name]
    if condition == ":-":
        return str(text)
    raise MissingVariable(name)


def services(variables: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Those that `docker compose up` starts."""
    return {name: service for name, service in _all_services(variables).items() if "profiles" not in service}


def services_of_profile(profile: str, variables: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Those that `--profile` adds."""
    found = _all_services(variables)
    return {name: service for name, service in found.items() if profile in service.get("profiles", ())}


def _all_services(variables: dict[str, str]) -> dict[str, dict[str, Any]]:
    composition = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return dict(interpolate(composition["services"], variables))


def applications(variables: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Those services that run our own image."""
    return {name: service for name, service in services(variables).items() if "build" in service}
