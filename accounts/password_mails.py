"""A link to a new password for whoever forgot theirs."""

from accounts.audit import record
from accounts.mails import RESET, mail_on_commit
from accounts.models import User


def ask_for_link(email: str, site: str) -> None:
    """Nothing happens, and nothing is said, when the address is nobody's."""
    user = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
    if user is not None:
        record(actor=None, action="user.password_forgotten", target=user)
        mail_on_commit(RESET, user, site)
