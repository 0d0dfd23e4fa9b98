"""Everything that stands in the way of starting a bot, found out at once, before anything is changed."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from bots.amounts import grouped
from bots.claims import claims_of_others
from bots.config import no_quote
from bots.holdings import has_position
from bots.leg_ratio import ratio_now
from bots.models import Bot, SymbolClaim
from bots.preflight.differences import difference_problems
from bots.preflight.orders import Leg, Problems, holding_problems, order_problems, problem
from bots.settings.protection_rules import protection_error
from exchanges import account_check, market_data
from exchanges.adapters.base import MarginMode
from exchanges.errors import AuthFailed, ExchangeError
from exchanges.models import ExchangeAccount
from exchanges.registry import venue_of
from exchanges.symbols import short
from trading.core.order_state import UNSETTLED
from trading.core.sizing import NO_MARKET
from trading.models import Order

CLOCK_OFFSET = timedelta(seconds=5)


def preflight(bot: Bot, now: datetime) -> Problems:
    """Empty when the bot may start. Asks the venues, so call it outside transactions; changes nothing."""
    problems = [*_owner_problems(bot), *_settings_problems(bot), *claim_problems(claims_of_others(bot), bot)]
    problems += [*_account_problems(bot), *hand_order_problems(bot), *difference_problems(bot)]
    legs: list[Leg] = []
    for number in bot.legs:
        try:
            legs.append(_leg(bot, number))
            problems += _clock_problems(bot.account_of(number))
        except ExchangeError as error:
            problems.append(_venue_problem(bot.account_of(number), error))
        except ValidationError as error:
            problems += error.error_list
    if len(legs) == len(bot.legs):
        legs = [*legs, _no_leg(legs[0])][:2]
        problems += _order_problems(bot, (legs[0], legs[1]))
        problems += holding_problems(bot, (legs[0], legs[1]))
    return _distinct(problems)


def _order_problems(bot: Bot, legs: tuple[Leg, Leg]) -> Problems:
    try:
        ratio = ratio_now(bot, venue_of(bot.account_of(1)).clock())
    except ExchangeError as error:  # no candles, no ratio of the legs
        return [_venue_problem(bot.account_of(1), error)]
    return order_problems(bot, legs, ratio)


def prepare_venue(bot: Bot) -> Problems:
    """Sets leverage and margin mode of both markets and reads them back; not with a position, which keeps its own."""
    if has_position(bot):
        return []
    return [error for number in bot.legs for error in _leverage_set(bot, number)]


def accounts_that_may_withdraw(bot: Bot) -> list[ExchangeAccount]:
    """Those whose venue will not say whether the key can: their owner has to look."""
    accounts = dict.fromkeys(bot.account_of(leg) for leg in bot.legs)
    return [account for account in accounts if _withdrawal_unknown(account)]


def _withdrawal_unknown(account: ExchangeAccount) -> bool:
    try:
        return account_check.withdrawal_unknown(account)
    except ExchangeError:
        return True


def claim_problems(claims: Iterable[SymbolClaim], bot: Bot) -> Problems:
    """Names the bots that own a symbol; somebody else's bot stays unnamed."""
    return [
        problem(
            "claimed",
            _("%(symbol)s on this account belongs to the bot %(bot)s."),
            symbol=short(claim.symbol),
            bot=claim.bot.bot_name if claim.bot.owner_id == bot.owner_id else _("of another user"),
        )
        for claim in claims
    ]


def hand_order_problems(bot: Bot) -> Problems:
    """Orders by hand that still work there would mix their fills into the bot's position."""
    legs = [(bot.account_of(leg), bot.symbol_of(leg)) for leg in bot.legs]
    working = Order.objects.filter(bot=None, status__in=UNSETTLED)
    return [
        problem(
            "order_by_hand",
            _("An order by hand in %(symbol)s on %(account)s is still open. Cancel it first."),
            symbol=short(symbol),
            account=account,
        )
        for account, symbol in legs
        if working.filter(account=account, symbol=symbol).exists()
    ]


def _owner_problems(bot: Bot) -> Iterator[ValidationError]:
    if not bot.owner.can_trade:
        yield problem("viewer", _("The owner of this bot may only look."))
    for account in dict.fromkeys((bot.account_of(1), bot.account_of(2))):
        if not account.is_active:
            yield problem("inactive_account", _("The account %(account)s is switched off."), account=account)
        if not account.is_paper and account.last_check_ok is None:
            yield problem(
                "account_untested",
                _("The account %(account)s was never tested. Test its connection first."),
                account=account,
            )
        if not account.is_paper and account.last_check_ok is False:
            text = account.last_check_message
            yield problem(
                "account_check",
                _("The account %(account)s failed its last test: %(error)s"),
                account=account,
                error=text,
            )


def _account_problems(bot: Bot) -> Iterator[ValidationError]:
    """The key may have got other rights since it was tested."""
    for account in dict.fromkeys((bot.account_of(1), bot.account_of(2))):
        try:
            for text in account_check.obstacles(account):
                yield problem("account_rights", "%(account)s: %(text)s", account=account, text=text)
        except ExchangeError as error:
            yield _venue_problem(account, error)
        except ValidationError as error:
            yield from error.error_list


def _settings_problems(bot: Bot) -> Iterator[ValidationError]:
    stop_error = protection_error(
        stop=bot.protective_stop,
        stop_loss=bot.stop_loss_ratio,
        ladder=bot.dca_config,
        levels=bot.max_dca_times,
        leverage=bot.leverage,
        margin_mode=bot.margin_mode,
    )
    if stop_error:
        yield stop_error
    if bot.profit_ratio <= 0 and not has_position(bot):
        yield problem("get_me_out_flat", _("Take profit must be above 0 while no position is open."))


def _leg(bot: Bot, number: int) -> Leg:
    """Raises ValidationError for a market that is not traded or has no price, ExchangeError for a silent venue."""
    account, symbol = bot.account_of(number), bot.symbol_of(number)
    rules = market_data.market_rules(account, symbol)
    if not rules.active:
        raise problem("inactive_symbol", _("%(symbol)s is not traded there now."), symbol=short(symbol))
    quote = market_data.quotes(account, [symbol]).get(symbol)
    if quote is None:
        raise problem("no_quote", _("%(symbol)s has no price now."), symbol=short(symbol))
    venue = venue_of(account)
    positions = {position.symbol: position for position in venue.positions()}
    return Leg(account, symbol, rules, quote, venue.balance(), positions.get(symbol))


def _no_leg(beside: Leg) -> Leg:
    """Market 2 of a strategy of one market: nothing is ordered there."""
    return Leg(beside.account, "", NO_MARKET, no_quote(beside.quote), beside.balance, None)


def _clock_problems(account: ExchangeAccount) -> Iterator[ValidationError]:
    offset = abs(account_check.clock_offset(account))
    if offset > CLOCK_OFFSET:
        yield problem(
            "clock",
            _("The clock here and that of %(account)s are %(seconds)s s apart."),
            account=account,
            seconds=grouped(offset.total_seconds(), places=1),
        )


def _venue_problem(account: ExchangeAccount, error: ExchangeError) -> ValidationError:
    if isinstance(error, AuthFailed):
        sentence = _("%(account)s refuses the key: %(error)s")
    else:
        sentence = _("%(account)s does not answer: %(error)s")
    return problem(error.kind, sentence, account=account, error=error.message)


def _leverage_set(bot: Bot, number: int) -> Iterator[ValidationError]:
    symbol = bot.symbol_of(number)
    mode: MarginMode = "isolated" if bot.margin_mode == "isolated" else "cross"
    try:
        venue_of(bot.account_of(number)).set_leverage(symbol, leverage=bot.leverage, margin_mode=mode)
    except ExchangeError as error:
        yield problem(
            "leverage",
            _("%(symbol)s: the exchange does not take leverage %(leverage)s, %(mode)s: %(error)s"),
            symbol=short(symbol),
            leverage=bot.leverage,
            mode=bot.get_margin_mode_display(),
            error=error.message,
        )


def _distinct(problems: Problems) -> Problems:
    """One sentence once: two legs of one account fail alike."""
    return list({str(found.messages[0]): found for found in problems}.values())
