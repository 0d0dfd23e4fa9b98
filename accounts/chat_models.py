"""Commands that come in over a Telegram channel: with whom it is paired, what has been read, what waits for a yes."""

from django.db import models

from accounts.notification_models import Channel


class ChannelChat(models.Model):
    """One process at a time reads the messages of a channel; each message counts once, whatever is sent again."""

    channel = models.OneToOneField(Channel, models.CASCADE, primary_key=True, related_name="chat")
    token_digest = models.CharField(max_length=64, unique=True)
    """Of the Telegram bot's token: Telegram gives each message to one reader alone."""
    code_digest = models.CharField(max_length=64, blank=True)  # of the code that pairs
    code_until = models.DateTimeField(null=True)
    code_tries = models.PositiveSmallIntegerField(default=0)  # wrong ones
    chat_id = models.BigIntegerField(null=True)  # NULL: not paired yet
    chat_name = models.CharField(max_length=100, blank=True)
    paired_at = models.DateTimeField(null=True)
    next_update = models.BigIntegerField(default=0)
    """Telegram numbers what it sends; everything below this has been seen to."""
    asked = models.JSONField(null=True)  # {"command": …}: done once it is confirmed
    asked_digest = models.CharField(max_length=64, blank=True)
    asked_until = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True)  # when Telegram last answered
    error = models.CharField(max_length=20, blank=True)  # a code of accounts.notifications.failures
    listening_until = models.DateTimeField(null=True, editable=False)  # by PostgreSQL's clock
    listening_token = models.UUIDField(null=True, editable=False)

    class Meta:
        db_table = "notification_chats"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(chat_id=None, paired_at=None)
                | models.Q(chat_id__isnull=False, paired_at__isnull=False),
                name="notification_chats_paired_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"chat of channel {self.channel_id}"
