"""Which bot owns a symbol at a venue account: positions there are netted, so two bots would mix theirs."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from bots.holdings import is_flat_and_settled
from bots.models import Bot, BotStatus, SymbolClaim
from exchanges.models import ExchangeAccount


def venue_account_of(account: ExchangeAccount) -> str:
    """The same text for two rows that lead to one account at the venue."""
    if account.is_paper or not account.venue_uid:
        return f"{account.exchange}:row:{account.pk}"
    net = "test" if account.is_testnet else "main"
    return f"{account.exchange}:{net}:{account.venue_uid}"


def claims_wanted(bot: Bot) -> list[tuple[str, str]]:
    """(venue account, symbol) of both legs, in the order in which they are locked."""
    return sorted({(venue_account_of(bot.account_of(leg)), bot.symbol_of(leg)) for leg in bot.legs})


def claims_of_others(bot: Bot) -> list[SymbolClaim]:
    wanted = claims_wanted(bot)
    return list(_matching(wanted).exclude(bot_id=bot.pk).select_related("bot").order_by("symbol"))


def claims_take(bot: Bot) -> list[SymbolClaim]:
    """Takes both symbols or returns the claims in the way. Call in the transaction that starts the bot.

    Of two bots that start at once the second waits here for the first one's commit.
    """
    SymbolClaim.objects.bulk_create(
        [SymbolClaim(venue_account=account, symbol=symbol, bot=bot) for account, symbol in claims_wanted(bot)],
        ignore_conflicts=True,
    )
    return claims_of_others(bot)


def claims_release(bot: Bot) -> None:
    """Gives both symbols back once the bot is stopped, flat and settled; before that it does nothing."""
    if bot.status == BotStatus.STOPPED and is_flat_and_settled(bot):
        SymbolClaim.objects.filter(bot=bot).delete()


def claim_on(account: ExchangeAccount, symbol: str) -> SymbolClaim | None:
    """For orders by hand: the claim that forbids them."""
    return _matching([(venue_account_of(account), symbol)]).select_related("bot").first()


def _matching(wanted: Iterable[tuple[str, str]]) -> QuerySet[SymbolClaim]:
    condition = Q(pk__in=[])
    for account, symbol in wanted:
        condition |= Q(venue_account=account, symbol=symbol)
    return SymbolClaim.objects.filter(condition)
