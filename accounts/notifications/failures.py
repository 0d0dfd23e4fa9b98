"""Why a message was not delivered: kept as a code, without addresses and keys, read in the reader's language."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

UNREACHABLE = "unreachable"
FORBIDDEN = "forbidden"
WORDS = {
    UNREACHABLE: gettext_lazy("It does not answer."),
    FORBIDDEN: gettext_lazy("Its address is an internal one; the operator has not allowed it."),
    "redirect": gettext_lazy("It sends us to another address. Redirects are not followed."),
    "address": gettext_lazy("The address cannot be used any more. Enter it again."),
    "mail": gettext_lazy("The mail server does not take the message."),
    "no_mail": gettext_lazy("You have no e-mail address."),
    "service": gettext_lazy("The service does not take the message."),
    "answer": gettext_lazy("Its answer cannot be read."),
    "token": gettext_lazy("It refuses the token. Enter the address again."),
    "no_chat": gettext_lazy("It has no chat yet: pair one, or add its id to the address."),
    "reader": gettext_lazy("Another program reads the messages of this Telegram bot."),
    "off": gettext_lazy("The channel was switched off."),
    "user": gettext_lazy("The user was disabled."),
}


class SendFailed(Exception):
    """`code` is one of WORDS or `http_<status>`. `is_refusal`: it answered, and the same again will hardly help."""

    def __init__(self, code: str, *, is_refusal: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.is_refusal = is_refusal


def failed_with(status: int) -> SendFailed:
    """For an HTTP status that is no success."""
    if 300 <= status < 400:
        return SendFailed("redirect", is_refusal=True)
    comes_back = status >= 500 or status in (408, 425, 429)
    return SendFailed(f"http_{status}", is_refusal=not comes_back)


def failure_text(code: str) -> str:
    if code.startswith("http_"):
        return _("It answered %(status)s.") % {"status": code.removeprefix("http_")}
    return str(WORDS.get(code, code))
