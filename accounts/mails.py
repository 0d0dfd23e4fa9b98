"""Mails about the account itself, in the reader's language. A worker sends them (`accounts.tasks`)."""

from celery import current_app
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from rest_framework.request import Request

from accounts import links
from accounts.models import User

CONFIRM, RESET, CHANGED = "confirm", "reset", "changed"
TASK = "accounts.tasks.mail"


def site_address(request: HttpRequest | Request) -> str:
    """How links in mails begin: as the operator says, else as the visitor came."""
    return settings.PUBLIC_URL.rstrip("/") or request.build_absolute_uri("/").rstrip("/")


def mail_on_commit(kind: str, user: User, site: str, email: str = "") -> None:
    """`email`: to whom, if not to the user's own address. The link is made by the worker: no queue ever holds it.

    What happened does not fail because mail cannot be asked for; Django writes that to the log.
    """

    def ask() -> None:
        current_app.send_task(TASK, (kind, user.pk, site, email), retry=False)

    transaction.on_commit(ask, robust=True)


def mail_send(kind: str, user: User, site: str, email: str) -> None:
    """Makes the link and sends it now. Raises OSError (smtplib's errors are such)."""
    address = email or user.email
    with translation.override(user.language):
        context = {"user": user, "email": address, "site": site, "link": site + _path(kind, user, address)}
        subject = render_to_string(f"accounts/mail/{kind}_subject.txt", context).strip()
        text = render_to_string(f"accounts/mail/{kind}.txt", context)
    EmailMessage(subject, text, settings.DEFAULT_FROM_EMAIL, [address]).send()


def _path(kind: str, user: User, email: str) -> str:
    if kind == CONFIRM:
        return reverse("email-confirm", args=[links.email_token(user, email)])
    if kind == RESET:
        return reverse("password-reset", args=links.password_link(user))
    return reverse("password-forgotten")
