"""From a bot's rows to what the core decides with."""

from collections.abc import Sequence
from decimal import Decimal

from bots.models import AllowedSide, Bot, Opening, PnlBasis, ProfitMode
from exchanges import market_data
from exchanges.adapters.base import VenueQuote
from trading.core import types as core
from trading.core.sizing import NO_MARKET, MarketRules
from trading.models import Position

ONE = Decimal(1)


def bot_rules(bot: Bot) -> tuple[MarketRules, MarketRules]:
    """Of both legs. Raises ValidationError for a market that its venue does not have, ExchangeError."""
    first = market_data.market_rules(bot.account_of(1), bot.market1_symbol)
    if 2 not in bot.legs:
        return first, NO_MARKET
    return first, market_data.market_rules(bot.account_of(2), bot.market2_symbol)


def no_quote(beside: VenueQuote) -> VenueQuote:
    """The quote of an empty market 2, as old as that of market 1."""
    return VenueQuote("", ONE, ONE, beside.at, beside.alive_at, ONE)


def core_config(
    bot: Bot, rules1: MarketRules, rules2: MarketRules, *, slippage: float = 0.0, investment: Decimal | None = None
) -> core.Config:
    """Fees are the markets' taker rates. Raises ValueError for what no bot may trade with."""
    rows = bot.dca_config
    return core.config(
        spreads=[float(row["spread"]) for row in rows],
        multipliers=[float(row["multiplier"]) for row in rows],
        levels=bot.max_dca_times,
        investment=float(investment or bot.investment_per_order),
        cap=float(bot.max_position_value),
        start1=float(bot.market1_start_price),
        start2=float(bot.market2_start_price),
        regression=bot.profit_mode == ProfitMode.REGRESSION,
        take_profit=float(bot.profit_ratio),
        stop_loss=float(bot.stop_loss_ratio),
        net=bot.pnl_basis == PnlBasis.NET,
        momentum=bot.opening == Opening.MOMENTUM,
        allow_long=bot.allowed_side != AllowedSide.SHORT_SPREAD,
        allow_short=bot.allowed_side != AllowedSide.LONG_SPREAD,
        fee1=float(rules1.taker_fee),
        fee2=float(rules2.taker_fee),
        slippage=slippage,
    )


def core_state(bot: Bot, positions: Sequence[Position]) -> core.State:
    """`positions`: the open ones of the bot's current cycle; a leg without one counts as nothing held."""
    if bot.is_flat:
        return core.flat_state(bot.reference_spread)
    return core.position_state(
        level=bot.level,
        side=bot.side,
        reference=bot.reference_spread,
        first_spread=bot.first_spread,
        last_spread=bot.last_spread,
        invested=float(bot.invested),
        q1=_held(positions, 1),
        q2=_held(positions, 2),
        cost=float(sum((p.cost for p in positions), Decimal())),
        fees=float(sum((p.fees for p in positions), Decimal())),
        funding=float(sum((p.funding for p in positions), Decimal())),
    )


def core_quote(q1: VenueQuote, q2: VenueQuote, p1: Decimal | None = None, p2: Decimal | None = None) -> core.Quote:
    """The prices that count are the mids unless given (a candle's close)."""
    return core.quote(
        float(q1.mid if p1 is None else p1),
        float(q2.mid if p2 is None else p2),
        float(q1.bid),
        float(q1.ask),
        float(q2.bid),
        float(q2.ask),
    )


def _held(positions: Sequence[Position], leg: int) -> float:
    return float(sum((p.signed_amount for p in positions if p.leg == leg), Decimal()))
