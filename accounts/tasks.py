"""What Celery does for accounts (queue `io`)."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from accounts import logins, mails
from accounts.models import User
from accounts.places import KNOWN_FOR_DAYS


@shared_task(autoretry_for=(OSError,), max_retries=6, retry_backoff=5, retry_backoff_max=600, retry_jitter=True)
def mail(kind: str, user_id: int, site: str, email: str = "") -> None:
    """Nothing for a user who is gone or disabled by now."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is not None:
        mails.mail_send(kind, user, site, email)


@shared_task
def forget_old_logins() -> None:
    """Once a day, those of a year ago: so long a place counts as known."""
    logins.logins_forget(timezone.now() - timedelta(days=KNOWN_FOR_DAYS))
