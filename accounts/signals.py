"""What other apps may want to know of accounts."""

from django.dispatch import Signal

login_changed = Signal()
"""Sent on commit with `user_id`: a log-in, token or right of this user may have ended. Open sockets ask anew."""

login_from_new_place = Signal()
"""Sent on commit with `user` and `login` (LoginSession): somebody came in from a network and device not seen before."""

notifications_changed = Signal()
"""Sent after commit with `user_id`: this user has other unread news than before."""
