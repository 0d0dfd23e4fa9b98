"""Which of a user's accounts the pages show: all live ones, all paper ones, or one of them. Chosen in the top bar."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from django.http import HttpRequest
from django.utils.translation import gettext as _

from exchanges.models import ExchangeAccount

Kind = Literal["live", "paper", "none"]

SESSION_KEY: Final = "accounts_shown"
LIVE: Final = "live"
PAPER: Final = "paper"


@dataclass(frozen=True, slots=True)
class Scope:
    """`account` is set when one account is shown; `kind` is then that account's own."""

    kind: Kind
    account: ExchangeAccount | None
    accounts: Sequence[ExchangeAccount]

    @property
    def is_paper(self) -> bool:
        return self.kind == PAPER

    @property
    def label(self) -> str:
        if self.account:
            return self.account.name
        return {LIVE: _("All live accounts"), PAPER: _("All paper accounts")}.get(self.kind, _("No account yet"))

    @property
    def key(self) -> str:
        """As `?account=` spells it."""
        return str(self.account.pk) if self.account else self.kind

    @property
    def account_ids(self) -> list[int]:
        return [account.pk for account in self.accounts]


def scope_of(request: HttpRequest, accounts: Sequence[ExchangeAccount]) -> Scope:
    """`?account=live|paper|<id>` chooses and is remembered for the session; an unknown choice counts as none.

    Without a choice live accounts are shown where there are any, else the paper accounts.
    """
    wished = request.GET.get("account") or request.session.get(SESSION_KEY, "")
    scope = _chosen(str(wished), accounts)
    if "account" in request.GET and request.session.get(SESSION_KEY) != wished:
        request.session[SESSION_KEY] = wished
    return scope


def _chosen(wished: str, accounts: Sequence[ExchangeAccount]) -> Scope:
    live = [account for account in accounts if not account.is_paper]
    paper = [account for account in accounts if account.is_paper]
    for account in accounts:
        if wished == str(account.pk):
            return Scope(PAPER if account.is_paper else LIVE, account, [account])
    if not accounts:
        return Scope("none", None, [])
    if paper and (wished == PAPER or not live):
        return Scope(PAPER, None, paper)
    return Scope(LIVE, None, live)
