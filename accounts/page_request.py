"""The request of a page that asks to log in."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import User


class PageRequest(HttpRequest):
    """`login_required` has seen to it that there is a user."""

    user: User
    htmx: HtmxDetails
