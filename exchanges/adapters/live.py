"""The port of a real account: what is checked before anything is sent, and what becomes of the answers.

The rules of the market are checked here first, so that most refusals cost no request and have the same name at every
venue. An order is sent once.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol

from django.utils import timezone

from exchanges.adapters.account_dialect import (
    AccountDialect,
    AccountTerms,
    Examination,
    Funding,
    Held,
    OrderName,
    VenueFill,
    VenueOrder,
)
from exchanges.adapters.answers import DoneAlready
from exchanges.adapters.base import (
    Balance,
    Candle,
    CoinBalance,
    FillReport,
    FundingPayment,
    MarginMode,
    MarketSettings,
    OrderReport,
    OrderRequest,
    VenuePosition,
    VenueQuote,
)
from exchanges.adapters.ccxt_adapter import Client
from exchanges.adapters.instruments import Instrument
from exchanges.adapters.isolation import refuse_inside_transaction
from exchanges.adapters.order_checks import check_form, check_value
from exchanges.adapters.paper_source import from_ms, to_ms
from exchanges.adapters.venues import Kind
from exchanges.errors import ExchangeError, NotSent, OrderNotFound, OutcomeUnknown, Rejected
from trading.core.order_state import TERMINAL, OrderStatus
from trading.core.sizing import MarketRules

TERMS_KEPT_S = 3_600.0
TERMS_RETRY_S = 300.0
LOOKS_S = (0.0, 0.1, 0.3)
"""Pauses before each look at an order that has just been accepted: some venues acknowledge first and match then."""


class MarketSource(Protocol):
    """What everybody at the venue sees, shared between its accounts (`exchanges.venue_markets`)."""

    def instruments(self) -> Mapping[str, Instrument]:
        """The swaps by symbol."""
        ...

    def quotes(self, symbols: Sequence[str]) -> Mapping[str, VenueQuote]: ...

    def candles(self, symbol: str, timeframe: str, *, since_ms: int | None, limit: int) -> Sequence[Candle]: ...


class LiveVenue:
    """Of one kind of market: those that settle in money, or (`inverse`) those that do so in their coin.

    `opens` is False for an account that is switched off: what is held there can still be looked after and closed.
    """

    is_paper = False

    def __init__(
        self,
        client: Client,
        dialect: AccountDialect,
        source: MarketSource,
        *,
        opens: bool = True,
        kind: Kind = "swap",
        inverse: bool = False,
    ) -> None:
        self.exchange = client.venue.exchange
        self._client = client
        self._dialect = dialect
        self._source = source
        self._opens = opens
        self._kind: Kind = kind
        self._linear = not inverse
        self._terms = AccountTerms()
        self._terms_until = 0.0
        self._rules: tuple[Mapping[str, Instrument], AccountTerms, Mapping[str, MarketRules]] | None = None

    def beside(
        self, kind: Kind, dialect: AccountDialect, source: MarketSource, *, inverse: bool = False
    ) -> "LiveVenue":
        """The same account for other markets, over the same connections: they end with this one's."""
        return LiveVenue(self._client, dialect, source, opens=self._opens, kind=kind, inverse=inverse)

    # --- the market ---

    def clock(self) -> datetime:
        return from_ms(self._client.now_ms())

    def markets(self) -> Mapping[str, MarketRules]:
        """With this account's own fees and largest leverage, as far as the venue tells them."""
        found, terms = self._source.instruments(), self._account_terms()
        if self._rules is None or self._rules[0] is not found or self._rules[1] is not terms:
            own = {symbol: _with_terms(market, terms) for symbol, market in found.items() if self._has(market)}
            self._rules = found, terms, own
        return self._rules[2]

    def quotes(self, symbols: Sequence[str]) -> Mapping[str, VenueQuote]:
        refuse_inside_transaction()
        found = self._source.quotes(symbols)
        if found:
            self._client.clock_compare(max(to_ms(quote.at) for quote in found.values()))
        return found

    def candles(
        self, symbol: str, timeframe: str, *, since: datetime | None = None, limit: int = 500
    ) -> Sequence[Candle]:
        refuse_inside_transaction()
        if symbol not in self._source.instruments():
            return []
        return self._source.candles(symbol, timeframe, since_ms=to_ms(since) if since else None, limit=limit)

    # --- orders ---

    def create_order(self, request: OrderRequest) -> OrderReport:
        refuse_inside_transaction()
        market = self._checked(request)
        if timezone.now() > request.send_by:
            raise NotSent("its time had passed", code="late")
        sent_ms = self._client.venue_ms(time.time())  # asked before: a question that fails afterwards refuses nothing
        number = self._dialect.order_send(self._client, market, request)
        accepted = OrderReport(
            client_order_id=request.client_order_id,
            exchange_order_id=number,
            symbol=request.symbol,
            status=OrderStatus.OPEN,
            amount=request.amount,
            filled=Decimal(0),
            at=from_ms(sent_ms),
            side=request.side,
            type=request.type,
            price=request.price,
            trigger_price=request.trigger_price,
            reduce_only=request.reduce_only,
            post_only=request.post_only,
        )
        rests = request.type == "stop" or (request.type == "limit" and not request.post_only)
        report = accepted if rests and number else self._looked_at(accepted)
        if not report.exchange_order_id:
            raise OutcomeUnknown("the exchange did not say that it took the order", code="no_number")
        return report

    def cancel_order(
        self, symbol: str, *, client_order_id: str = "", exchange_order_id: str = "", is_stop: bool = False
    ) -> OrderReport:
        refuse_inside_transaction()
        market = self._market(symbol, OrderNotFound)
        name = _named(client_order_id, exchange_order_id, is_stop)
        with suppress(OrderNotFound, DoneAlready):  # over already, or never there: the order itself says which
            self._dialect.order_cancel(self._client, market, name)
        return self._report(self._dialect.order(self._client, market, name))

    def fetch_order(
        self, symbol: str, *, client_order_id: str = "", exchange_order_id: str = "", is_stop: bool = False
    ) -> OrderReport:
        refuse_inside_transaction()
        market = self._market(symbol, OrderNotFound)
        name = _named(client_order_id, exchange_order_id, is_stop)
        return self._report(self._dialect.order(self._client, market, name))

    def open_orders(self, symbol: str | None = None) -> Sequence[OrderReport]:
        refuse_inside_transaction()
        market = None if symbol is None else self._market(symbol, Rejected)
        return [self._report(order) for order in self._dialect.orders_open(self._client, self._by_id(), market)]

    def closed_orders(self, symbol: str, *, since: datetime) -> Sequence[OrderReport]:
        refuse_inside_transaction()
        market = self._market(symbol, Rejected)
        found = self._dialect.orders_closed(self._client, market, to_ms(since))
        return [_report(order, ()) for order in sorted(found, key=lambda order: order.at_ms, reverse=True)]

    def fills(self, symbol: str, *, since: datetime) -> Sequence[FillReport]:
        refuse_inside_transaction()
        market = self._market(symbol, Rejected)
        return [_fill_report(fill) for fill in self._dialect.fills(self._client, market, to_ms(since))]

    def traded(self, *, since: datetime) -> set[str]:
        refuse_inside_transaction()
        markets = self._by_id()
        ids = self._dialect.traded(self._client, to_ms(since))
        return {markets[market_id].rules.symbol for market_id in ids if market_id in markets}

    # --- the account ---

    def positions(self) -> Sequence[VenuePosition]:
        refuse_inside_transaction()
        return [_position(held) for held in self._dialect.positions(self._client, self._by_id()) if held.amount]

    def balance(self) -> Balance:
        refuse_inside_transaction()
        return self._dialect.balance(self._client)

    def coins(self) -> Sequence[CoinBalance]:
        """Every currency of its wallet. Raises ExchangeError."""
        refuse_inside_transaction()
        return self._dialect.coins(self._client)

    def funding_payments(self, *, since: datetime) -> Sequence[FundingPayment]:
        refuse_inside_transaction()
        markets = self._by_id()
        return [
            _payment(row, markets[row.market_id].rules)
            for row in self._dialect.funding(self._client, to_ms(since))
            if row.market_id in markets
        ]

    def set_leverage(self, symbol: str, *, leverage: int, margin_mode: MarginMode) -> None:
        refuse_inside_transaction()
        market = self._market(symbol, Rejected)
        most = self.markets()[symbol].max_leverage
        if not 1 <= leverage <= most:
            raise Rejected(f"leverage {leverage} is not within 1 to {most:f}", code="leverage")
        self._one_way(market)
        self._margin_mode(market, margin_mode)
        with suppress(DoneAlready):
            self._dialect.leverage_set(self._client, market, leverage, margin_mode)
        set_to, mode = self._dialect.leverage(self._client, market, margin_mode)
        if set_to != leverage or mode != margin_mode:
            raise Rejected(f"the exchange has leverage {set_to:f}, {mode}", code="leverage")

    def market_settings(self, symbol: str, *, margin_mode: MarginMode) -> MarketSettings:
        refuse_inside_transaction()
        market = self._market(symbol, Rejected)
        leverage, mode = self._dialect.leverage(self._client, market, margin_mode)
        return MarketSettings(int(leverage), mode, self._dialect.one_way(self._client, market))

    def ping(self) -> datetime:
        """The venue's time, asked for now. Raises ExchangeError."""
        refuse_inside_transaction()
        return from_ms(self._client.asked_ms())

    def examine(self) -> Examination:
        """What the key is and may do. Raises ExchangeError."""
        refuse_inside_transaction()
        return self._dialect.examine(self._client)

    def pause_s(self) -> float:
        return self._client.pause_s()

    def close(self) -> None:
        self._client.close()

    # --- inside ---

    def _checked(self, request: OrderRequest) -> Instrument:
        """Raises Rejected for what the market's own rules forbid."""
        if not self._client.venue.client_id.fullmatch(request.client_order_id):
            raise Rejected("the client order id is not possible there", code="client_order_id")
        if not (request.reduce_only or self._opens):
            raise Rejected("this account is switched off", code="switched_off")
        if request.type not in self._client.venue.types_of(self._kind):
            raise Rejected("that kind of order is not offered there", code="parameter")
        market = self._market(request.symbol, Rejected)
        rules = self.markets()[request.symbol]
        check_form(request, rules)
        if not request.reduce_only and rules.notional_min:
            check_value(request, rules, request.price or self._price(request.symbol))
        return market

    def _price(self, symbol: str) -> Decimal | None:
        """For the smallest value of a market order; without it the venue decides."""
        with suppress(ExchangeError):
            quote = self._source.quotes([symbol]).get(symbol)
            return quote.mid if quote else None
        return None

    def _looked_at(self, report: OrderReport) -> OrderReport:
        """What became of an order that fills at once or not at all. No answer changes nothing: a tick asks again."""
        for pause_s in LOOKS_S:
            time.sleep(pause_s)
            try:
                report = self.fetch_order(report.symbol, client_order_id=report.client_order_id, is_stop=report.is_stop)
            except OrderNotFound:
                continue
            except ExchangeError:
                break
            if report.status in TERMINAL and sum(fill.amount for fill in report.fills) == report.filled:
                break
        return report

    def _report(self, order: VenueOrder) -> OrderReport:
        fills = self._dialect.fills_of(self._client, order) if order.filled else ()
        return _report(order, fills)

    def _market(self, symbol: str, refusal: Callable[..., ExchangeError]) -> Instrument:
        market = self._source.instruments().get(symbol)
        if market is None or not self._has(market):
            raise refusal(f"no market {symbol}", code="unknown_market")
        return market

    def _has(self, market: Instrument) -> bool:
        return market.linear == self._linear

    def _by_id(self) -> Mapping[str, Instrument]:
        return {market.id: market for market in self._source.instruments().values() if self._has(market)}

    def _account_terms(self) -> AccountTerms:
        if time.monotonic() >= self._terms_until:
            try:
                self._terms, kept = self._dialect.terms(self._client), TERMS_KEPT_S
            except ExchangeError:
                kept = TERMS_RETRY_S
            self._terms_until = time.monotonic() + kept
        return self._terms

    def _one_way(self, market: Instrument) -> None:
        if self._dialect.one_way(self._client, market):
            return
        with suppress(DoneAlready):
            self._dialect.one_way_set(self._client, market)
        if not self._dialect.one_way(self._client, market):
            raise Rejected("the account holds longs and shorts of one market apart", code="position_mode")

    def _margin_mode(self, market: Instrument, margin_mode: MarginMode) -> None:
        for held in self._dialect.positions(self._client, {market.id: market}):
            if held.amount and held.margin_mode != margin_mode:
                raise Rejected("margin mode cannot change with an open position", code="margin_mode")
        with suppress(DoneAlready):
            self._dialect.margin_mode_set(self._client, market, margin_mode)


def _with_terms(market: Instrument, terms: AccountTerms) -> MarketRules:
    taker, maker = terms.fees.get(market.id) or terms.fees.get("") or (market.rules.taker_fee, market.rules.maker_fee)
    leverage = terms.leverage.get(market.id, market.rules.max_leverage)
    return replace(market.rules, taker_fee=taker, maker_fee=maker, max_leverage=leverage)


def _named(client_order_id: str, exchange_order_id: str, is_stop: bool) -> OrderName:
    """Raises OrderNotFound for no name at all."""
    if not (client_order_id or exchange_order_id):
        raise OrderNotFound("no such order", code="empty")
    return OrderName(client_order_id, exchange_order_id, is_stop)


def _report(order: VenueOrder, fills: Sequence[VenueFill]) -> OrderReport:
    return OrderReport(
        client_order_id=order.client_id,
        exchange_order_id=order.number,
        symbol=order.market.rules.symbol,
        status=order.status,
        amount=order.amount,
        filled=order.filled,
        at=_at(order.at_ms),
        reason=order.reason,
        fills=tuple(_fill_report(_own(fill, order)) for fill in fills),
        side=order.side,
        type=order.type,
        price=order.price,
        average_price=order.average,
        trigger_price=order.trigger,
        reduce_only=order.reduce_only,
        post_only=order.post_only,
    )


def _own(fill: VenueFill, order: VenueOrder) -> VenueFill:
    """What a stop became may have got another name."""
    if order.became:
        return replace(fill, client_id=order.client_id, number=order.number)
    return replace(fill, client_id=fill.client_id or order.client_id)


def _fill_report(fill: VenueFill) -> FillReport:
    return FillReport(
        trade_id=fill.trade_id,
        client_order_id=fill.client_id,
        exchange_order_id=fill.number,
        symbol=fill.market.rules.symbol,
        side=fill.side,
        price=fill.price,
        amount=fill.amount,
        fee=fill.fee,
        fee_currency=fill.fee_currency,
        at=_at(fill.at_ms),
        cause=fill.cause,
    )


def _payment(row: Funding, rules: MarketRules) -> FundingPayment:
    return FundingPayment(row.payment_id, rules.symbol, row.amount, row.currency or rules.settle, _at(row.at_ms))


def _position(held: Held) -> VenuePosition:
    return VenuePosition(
        symbol=held.market.rules.symbol,
        amount=held.amount,
        entry_price=held.entry,
        mark_price=held.mark,
        unrealized_pnl=held.unrealised,
        leverage=int(held.leverage),
        margin_mode=held.margin_mode,
    )


def _at(at_ms: int) -> datetime:
    return from_ms(at_ms).astimezone(UTC)
