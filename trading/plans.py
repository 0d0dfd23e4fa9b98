"""From a decision to a trade's plan: quantities that both venues accept, prices and order types."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from functools import partial

from django.db.models import F, Q, QuerySet

from bots.models import Bot, OrderKind
from bots.ready_query import ReadyQuery
from exchanges import margin, market_data
from exchanges.adapters.base import Venue, VenueQuote
from trading.core.order_state import UNSETTLED
from trading.core.sizing import (
    LevelQuantities,
    MarketRules,
    SizeReason,
    SizeRefused,
    level_quantities,
    limit_price,
    round_price,
)
from trading.core.spread import spread_pct
from trading.core.types import OPEN, Decision
from trading.execution import entry_side, exit_plans
from trading.ledger import OrderPlan
from trading.market_view import MarketView
from trading.models import CloseReason, Order, Position, Purpose, TradeStatus
from trading.questions import Question, ask_together
from trading.tick import Tick
from trading.trades import TradePlan


class EntryRefused(Exception):
    """The level cannot be ordered now. `code` is a reason of the journal, `figures` its numbers."""

    def __init__(self, code: str, **figures: object) -> None:
        super().__init__(code)
        self.code = code
        self.figures = figures


def entry_plan(tick: Tick, decision: Decision, view: MarketView, positions: dict[int, Position]) -> TradePlan:
    """Both legs of the next level, checked before anything is written. Raises EntryRefused, ExchangeError."""
    bot = tick.bot
    assert view.quote is not None
    assert view.legs is not None
    level = bot.level + 1
    investment = bot.investment_per_order if tick.investment is None else tick.investment
    notional = investment * Decimal(str(bot.dca_config[level - 1]["multiplier"]))
    price1, price2 = Decimal(str(view.quote.p1)), Decimal(str(view.quote.p2))
    sizes = _sizes(tick, decision.side, notional, price1, price2, positions)
    action = Purpose.OPEN if decision.action == OPEN else Purpose.ADD
    wanted = ((sizes.side1, sizes.amount1), (sizes.side2, sizes.amount2))
    _venues_check(tick, view.legs, wanted, sizes)
    orders = tuple(_entry_order(tick, leg, action, *wanted[leg - 1], view.legs[leg - 1]) for leg in bot.legs)
    return TradePlan(
        action=action,
        reason="",
        side=decision.side,
        level=level,
        spread=decision.spread,
        price1=price1,
        price2=price2,
        notional=notional,
        planned1=sizes.wanted1,
        planned2=sizes.wanted2,
        target1=sizes.amount1,
        target2=sizes.amount2,
        orders=orders,
    )


def exit_plan(
    tick: Tick,
    reason: CloseReason,
    view: MarketView | None,
    positions: dict[int, Position],
    stops: Sequence[Order] | None = None,
) -> TradePlan:
    """Closes what is really held. Needs no quote: without one the books' last prices stand for the decision's.

    `stops`: those to take over, where the caller knows them.
    """
    bot = tick.bot
    price1, price2 = (_price_for_exit(bot, leg, view, positions) for leg in (1, 2))
    stops = stops_to_adopt(bot) if stops is None else stops
    held = {leg: positions[leg].amount if leg in positions else Decimal(0) for leg in (1, 2)}
    done = {leg: sum((stop.filled_amount for stop in stops if stop.leg == leg), Decimal(0)) for leg in (1, 2)}
    orders = [plan for leg in (1, 2) if held[leg] for plan in _exit_orders(tick, leg, reason, held[leg], view)]
    start1, start2 = float(bot.market1_start_price), float(bot.market2_start_price)
    return TradePlan(
        action=Purpose.CLOSE,
        reason=reason,
        side=bot.side,
        level=bot.level,
        spread=spread_pct(float(price1), float(price2), start1, start2),
        price1=price1,
        price2=price2,
        notional=bot.invested,
        planned1=Decimal(0),
        planned2=Decimal(0),
        target1=held[1] + done[1],
        target2=held[2] + done[2],
        orders=tuple(orders),
        adopted=tuple(stop.pk for stop in stops),
    )


def stops_to_adopt(bot: Bot) -> list[Order]:
    """Protective stops of the cycle that may still fill, or filled without a trade that counted it."""
    return _UNCOUNTED_STOPS.rows([bot.pk])


def uncounted_stops(bot_ids: Collection[int]) -> QuerySet[Order]:
    """The same, of many bots."""
    mine = Order.objects.filter(bot__in=bot_ids, cycle_number=F("bot__current_cycle"), purpose=Purpose.PROTECT)
    uncounted = Q(filled_amount__gt=0) & (Q(trade=None) | Q(trade__status=TradeStatus.FAILED))
    return mine.filter(Q(status__in=UNSETTLED) | uncounted).order_by("id")


_UNCOUNTED_STOPS = ReadyQuery(lambda bot: uncounted_stops([bot]), 1)


def _sizes(
    tick: Tick, side: int, notional: Decimal, price1: Decimal, price2: Decimal, positions: dict[int, Position]
) -> LevelQuantities:
    bot = tick.bot
    held = {leg: positions[leg].amount if leg in positions else Decimal(0) for leg in (1, 2)}
    try:
        return level_quantities(
            *tick.rules,
            side,
            notional,
            price1,
            price2,
            held[1],
            held[2],
            bot.planned1,
            bot.planned2,
            bot.max_imbalance / 100,
            tick.ratio,
        )
    except SizeRefused as refused:
        symbol = bot.symbol_of(refused.leg or 1)
        raise EntryRefused(SizeReason(refused.reason).value, symbol=symbol, **refused.figures) from refused


def _venues_check(
    tick: Tick, quotes: Sequence[VenueQuote], wanted: Sequence[tuple[str, Decimal]], sizes: LevelQuantities
) -> None:
    """What has to be asked for is asked for together. Raises EntryRefused, ExchangeError."""
    away: list[Question] = []
    here: list[Question] = []
    for leg in tick.bot.legs:
        (side, amount), quote = wanted[leg - 1], quotes[leg - 1]
        asks = market_data.asks_for_book(tick.bot.account_of(leg), quote, side, amount)
        (away if asks else here).append(partial(_depth_check, tick, leg, side, amount, quote))
    for venue, account_id, needed in _margin_needs(tick, sizes):
        question = partial(_margin_check, venue, account_id, needed)
        if venue.is_paper:
            here.append(question)
        elif not margin.is_plenty(account_id, needed):
            away.append(question)
    ask_together(away, here)


def _depth_check(tick: Tick, leg: int, side: str, amount: Decimal, quote: VenueQuote) -> None:
    """The book has to hold the whole order within the slippage cap. One that would rest is checked as well: what it
    lacks after its time is taken from the book. Raises EntryRefused, ExchangeError."""
    account, slippage = tick.bot.account_of(leg), tick.bot.max_slippage
    limit = _taker_price(quote, side, tick.rules[leg - 1], slippage / 100)
    available = market_data.resting(account, quote, side, limit, amount)
    if available < amount:
        figures = {"amount": amount, "available": available, "slippage": slippage}
        raise EntryRefused("depth", symbol=quote.symbol, **figures)


def _margin_needs(tick: Tick, sizes: LevelQuantities) -> list[tuple[Venue, int, Decimal]]:
    """New margin and the fees of both legs: by account."""
    leverage = Decimal(tick.bot.leverage)
    needs = [
        notional / leverage + notional * rules.taker_fee
        for notional, rules in zip((sizes.notional1, sizes.notional2), tick.rules, strict=True)
    ]
    account1, account2 = (tick.bot.account_id_of(leg) for leg in (1, 2))
    if account1 != account2:
        return [(tick.venues[0], account1, needs[0]), (tick.venues[1], account2, needs[1])]
    return [(tick.venues[0], account1, needs[0] + needs[1])]


def _margin_check(venue: Venue, account_id: int, needed: Decimal) -> None:
    """It must be free. Raises EntryRefused."""
    free = margin.free_now(venue, account_id)
    if needed > free:
        raise EntryRefused("margin", needed=needed, free=free)


def _entry_order(tick: Tick, leg: int, action: Purpose, side: str, amount: Decimal, quote: VenueQuote) -> OrderPlan:
    rules = tick.rules[leg - 1]
    if tick.bot.order_type_open == OrderKind.LIMIT:
        price = _resting_price(quote, side, rules)
        return OrderPlan(leg, action, side, "limit", amount, price, reduce_only=False)
    price = _taker_price(quote, side, rules, tick.bot.max_slippage / 100)
    return OrderPlan(leg, action, side, "ioc", amount, price, reduce_only=False)


def _resting_price(quote: VenueQuote, side: str, rules: MarketRules) -> Decimal:
    """On its own side of the book."""
    return round_price(quote.bid if side == "buy" else quote.ask, rules.price_tick, side)


def _taker_price(quote: VenueQuote, side: str, rules: MarketRules, slippage: Decimal) -> Decimal:
    """Across the book by at most the slippage."""
    return limit_price(quote.ask if side == "buy" else quote.bid, slippage, rules.price_tick, side)


def _exit_orders(tick: Tick, leg: int, reason: CloseReason, held: Decimal, view: MarketView | None) -> list[OrderPlan]:
    bot = tick.bot
    side = "sell" if entry_side(bot.side, leg) == "buy" else "buy"
    if bot.order_type_close == OrderKind.LIMIT and reason == CloseReason.TAKE_PROFIT and view and view.legs:
        price = _resting_price(view.legs[leg - 1], side, tick.rules[leg - 1])
        return [OrderPlan(leg, Purpose.CLOSE, side, "limit", held, price, reduce_only=True)]
    return exit_plans(tick, leg, Purpose.CLOSE, side, held, 1)


def _price_for_exit(bot: Bot, leg: int, view: MarketView | None, positions: dict[int, Position]) -> Decimal:
    if view and view.quote:
        return Decimal(str(view.quote.p1 if leg == 1 else view.quote.p2))
    position = positions.get(leg)
    if position and position.current_price:
        return position.current_price
    return bot.market1_start_price if leg == 1 else bot.market2_start_price
