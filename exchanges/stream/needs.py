"""What bots need to hear: the quotes of their markets, while they run or hold something."""

from typing import Final

from django.db.models import Q, QuerySet

from bots.models import Bot, BotStatus
from exchanges.models import SECRET_NAMES, ExchangeAccount, PaperSource
from exchanges.stream.topics import TICKER, Feed, Topic

SECRETS: Final = tuple(
    f"{account}__{name}" for account in ("exchange_account", "exchange_account2") for name in SECRET_NAMES
)


def bots_need(exchange: str) -> set[Topic]:
    """Of one venue, for bots on its accounts and on paper accounts that trade on its quotes."""
    return {
        Topic(feed, TICKER, bot.symbol_of(leg))
        for bot in _awake(exchange)
        for leg in bot.legs
        if (feed := _feed_of(bot.account_of(leg))) is not None and feed.exchange == exchange
    }


def bots_on(feed: Feed) -> list[Bot]:
    """Those that decide on the quotes of this feed now."""
    return [bot for bot in _awake(feed.exchange) if any(_feed_of(bot.account_of(leg)) == feed for leg in bot.legs)]


def _awake(exchange: str) -> QuerySet[Bot]:
    of_venue = _on_venue("exchange_account", exchange) | _on_venue("exchange_account2", exchange)
    awake = Q(status__in=(BotStatus.RUNNING, BotStatus.PAUSED)) | Q(level__gt=0)
    bots = Bot.objects.filter(of_venue & awake, deleted_at=None)
    return bots.select_related("exchange_account", "exchange_account2").defer(*SECRETS)


def _on_venue(account: str, exchange: str) -> Q:
    on_its_quotes = Q(
        **{
            f"{account}__exchange": "paper",
            f"{account}__paper_source": PaperSource.LIVE,
            f"{account}__paper_venue": exchange,
        }
    )
    return Q(**{f"{account}__exchange": exchange}) | on_its_quotes


def _feed_of(account: ExchangeAccount) -> Feed | None:
    """None for a market of our own."""
    if not account.is_paper:
        return Feed(account.exchange, account.is_testnet)
    return Feed(account.paper_venue) if account.paper_source == PaperSource.LIVE else None
