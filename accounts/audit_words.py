"""What the audit log's actions are called."""

import json
from typing import Any

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry

WORDS = {
    "user.register": _("Registered"),
    "user.login": _("Logged in"),
    "user.login_failed": _("Log-in refused"),
    "user.logout": _("Logged out"),
    "user.new_place": _("Logged in from a new place"),
    "user.change": _("Settings changed"),
    "user.password": _("Password changed"),
    "user.password_reset": _("Password set by mail"),
    "user.password_forgotten": _("Link to a new password asked for"),
    "user.email": _("E-mail changed or confirmed"),
    "user.email_wish": _("New e-mail asked for"),
    "user.role": _("Role changed"),
    "user.enable": _("User enabled"),
    "user.disable": _("User disabled"),
    "user.addresses": _("Allowed addresses changed"),
    "session.end": _("Log-in ended"),
    "session.end_others": _("Other log-ins ended"),
    "session.reused": _("Log-in ended: a spent token came back"),
    "second_factor.on": _("Second factor switched on"),
    "second_factor.off": _("Second factor switched off"),
    "second_factor.codes": _("New recovery codes"),
    "second_factor.code_used": _("Recovery code used"),
    "second_factor.confirmed": _("Confirmed with the second factor"),
    "key.create": _("API token made"),
    "key.revoke": _("API token revoked"),
    "channel.create": _("Notification channel added"),
    "channel.change": _("Notification channel changed"),
    "channel.delete": _("Notification channel deleted"),
    "chat.code": _("Pairing with a Telegram chat begun"),
    "chat.pair": _("Telegram chat paired"),
    "chat.end": _("Telegram chat unpaired"),
    "chat.command": _("Command from Telegram"),
    "account.create": _("Exchange account added"),
    "account.change": _("Exchange account changed"),
    "account.keys": _("Exchange keys replaced"),
    "account.test": _("Exchange account tested"),
    "account.enable": _("Exchange account switched on"),
    "account.disable": _("Exchange account switched off"),
    "account.delete": _("Exchange account deleted"),
    "rehearsal.start": _("Rehearsal of faults asked for"),
    "rehearsal.stop": _("Rehearsal of faults ended"),
    "bot.create": _("Bot created"),
    "bot.change": _("Bot changed"),
    "bot.start": _("Bot started"),
    "bot.pause": _("Bot paused"),
    "bot.stop": _("Bot stopped"),
    "bot.fail": _("Bot failed"),
    "bot.close": _("Closing both legs asked for"),
    "bot.delete": _("Bot deleted"),
    "schedule.on": _("Schedule switched on"),
    "schedule.off": _("Schedule switched off"),
    "audit.trim": _("Old audit entries deleted"),
}
SOURCES = {
    "page": pgettext_lazy("where a request came from", "Page"),
    "api": "API",
    "socket": pgettext_lazy("where a request came from", "Live feed"),
    "chat": "Telegram",
    "command": pgettext_lazy("where a request came from", "Command"),
    "program": "ChainMakes",
}


def sentence(entry: AuditEntry) -> str:
    """The entry's own summary, else its action's words, in the reader's language."""
    if not entry.summary:
        return str(WORDS.get(entry.action, entry.action))
    text = gettext(entry.summary)
    try:
        return text % entry.details
    except (KeyError, TypeError, ValueError):  # a sentence of another version
        return text


def source_words(entry: AuditEntry) -> str:
    return str(SOURCES.get(entry.source, entry.source))


def details_shown(entry: AuditEntry) -> list[tuple[str, str]]:
    """(name, text) of what else is known; what was changed as "before → after"."""
    return [(name.replace("_", " "), _shown(value)) for name, value in entry.details.items()]


def _shown(value: Any) -> str:
    if isinstance(value, dict) and value.keys() == {"was", "now"}:
        return f"{_shown(value['was'])} → {_shown(value['now'])}"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if value is None or value == "":
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
