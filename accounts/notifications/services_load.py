"""Loads Apprise when the first message needs it."""

from importlib import import_module
from types import ModuleType


def apprise_module() -> ModuleType:
    return import_module("accounts.notifications.through_apprise")
