"""News for users, and their way out of the program.

`notify` writes a row in the caller's transaction and nothing else. A worker then groups what repeats (`fan_out`), hands
it to the user's channels and sends it (`sending`); what was not sent because a process died, or the other side did not
answer, is sent later, in order.
"""

from accounts.notifications.writing import notify

__all__ = ["notify"]
