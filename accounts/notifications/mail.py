"""A message as an e-mail to the channel's owner."""

import smtplib

from django.conf import settings
from django.core.mail import EmailMessage

from accounts.models import Channel
from accounts.notifications.failures import UNREACHABLE, SendFailed
from accounts.notifications.messages import Message


def mail_send(message: Message, channel: Channel) -> None:
    """Raises SendFailed."""
    if not channel.owner.email:
        raise SendFailed("no_mail", is_refusal=True)
    headers = {
        "Message-ID": f"<{message.id}@chainmakes>",
        "X-ChainMakes-Delivery": str(message.id),
        "Auto-Submitted": "auto-generated",
    }
    letter = EmailMessage(
        message.title, message.body, settings.DEFAULT_FROM_EMAIL, [channel.owner.email], headers=headers
    )
    try:
        letter.send()
    except smtplib.SMTPResponseException as error:
        raise SendFailed("mail", is_refusal=500 <= error.smtp_code < 600) from None
    except smtplib.SMTPRecipientsRefused:
        raise SendFailed("mail", is_refusal=True) from None
    except OSError:
        raise SendFailed(UNREACHABLE) from None
