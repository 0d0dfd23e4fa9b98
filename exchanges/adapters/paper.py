"""The paper venue: a venue of its own that happens to keep its books in our database.

Its state is committed on its own connection, under one lock per account, and only calls of the `Venue` port reach it.
`paper_running` and `paper_stepped` say when orders meet the market.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from exchanges.adapters import paper_chaos, paper_intake, paper_margin
from exchanges.adapters.base import (
    Balance,
    Candle,
    FillReport,
    FundingPayment,
    MarginMode,
    MarketSettings,
    OrderReport,
    OrderRequest,
    VenuePosition,
    VenueQuote,
)
from exchanges.adapters.isolation import refuse_inside_transaction
from exchanges.adapters.paper_books import Books, fill_report, reports_of
from exchanges.adapters.paper_chaos import Chaos, Fault, FaultKind
from exchanges.adapters.paper_execution import Matcher
from exchanges.adapters.paper_matching import Book
from exchanges.adapters.paper_source import Source, to_ms
from exchanges.errors import ExchangeError, NotSent, OrderNotFound, OutcomeUnknown, Rejected, Unavailable
from exchanges.paper_models import WORKING, PaperFill, PaperFunding, PaperOrder, PaperWallet
from trading.core.order_state import OrderStatus
from trading.core.sizing import MarketRules

CONNECTION = "paper"
CLOSED_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Terms:
    """What an account was opened with. `opened_at` is real time; rates are fractions."""

    account_id: int
    opened_at: datetime
    currency: str
    initial_balance: Decimal
    half_spread: Decimal
    maintenance_margin: Decimal
    book: Book


class PaperVenue(ABC):
    exchange = "paper"
    is_paper = True

    def __init__(self, terms: Terms, rules: Mapping[str, MarketRules], source: Source) -> None:
        self.terms = terms
        self._rules = rules
        self._source = source
        self._matcher = Matcher(rules, terms.book, terms.maintenance_margin)

    # --- when things happen ---

    @abstractmethod
    def _opening(self) -> dict[str, object]:
        """The fields of a new wallet that depend on the kind of time."""

    @abstractmethod
    def _moment(self, wallet: PaperWallet) -> int:
        """The source's time in ms at which prices are looked up."""

    @abstractmethod
    def _time(self, moment: int) -> datetime:
        """The venue's clock at that moment."""

    @abstractmethod
    def _settle(self, books: Books) -> None:
        """Lets everything happen that happened since somebody last looked."""

    @abstractmethod
    def _meet(self, books: Books, order: PaperOrder) -> None:
        """A new order's first look at the market, if that is now."""

    # --- reading ---

    def clock(self) -> datetime:
        return self._time(self._moment(self._wallet()))

    def markets(self) -> Mapping[str, MarketRules]:
        return self._rules

    def quotes(self, symbols: Sequence[str]) -> Mapping[str, VenueQuote]:
        refuse_inside_transaction()
        wallet = self._wallet()
        moment = self._moment(wallet)
        chaos = paper_chaos.parse(wallet.chaos).lasting(moment) if wallet.chaos else paper_chaos.CALM
        quotes = (self._quote(symbol, moment, chaos.frozen_since(symbol)) for symbol in symbols)
        return {quote.symbol: quote for quote in quotes if quote is not None}

    def candles(
        self, symbol: str, timeframe: str, *, since: datetime | None = None, limit: int = 500
    ) -> Sequence[Candle]:
        refuse_inside_transaction()
        closed_by = to_ms(self.clock())
        since_ms = to_ms(since) if since else None
        return self._source.candles(symbol, timeframe, closed_by_ms=closed_by, since_ms=since_ms, limit=limit)

    def fetch_order(
        self, symbol: str, *, client_order_id: str = "", exchange_order_id: str = "", is_stop: bool = False
    ) -> OrderReport:
        with self._books() as books:
            order = self._found(books, symbol, client_order_id, exchange_order_id)
        return self._report(order)

    def open_orders(self, symbol: str | None = None) -> Sequence[OrderReport]:
        with self._books() as books:
            orders = [o for o in books.working() if symbol in (None, o.symbol) and not _is_hidden(o)]
        return reports_of(orders, self.terms.currency)

    def closed_orders(self, symbol: str, *, since: datetime) -> Sequence[OrderReport]:
        with self._books():
            pass
        rows = PaperOrder.objects.filter(account_id=self.terms.account_id, symbol=symbol, accepted_at__gte=since)
        ended = (
            rows.exclude(status__in=WORKING).exclude(hidden_until__gt=timezone.now()).order_by("-number")[:CLOSED_MAX]
        )
        return [replace(report, fills=()) for report in reports_of(list(ended), self.terms.currency)]

    def fills(self, symbol: str, *, since: datetime) -> Sequence[FillReport]:
        with self._books():
            pass
        rows = PaperFill.objects.filter(account_id=self.terms.account_id, symbol=symbol, at__gte=since)
        return [
            fill_report(row, row.order, self.terms.currency) for row in rows.select_related("order").order_by("number")
        ]

    def traded(self, *, since: datetime) -> set[str]:
        with self._books():
            pass
        rows = PaperFill.objects.filter(account_id=self.terms.account_id, at__gte=since)
        return set(rows.values_list("symbol", flat=True).distinct())

    def positions(self) -> Sequence[VenuePosition]:
        with self._books() as books:
            return [self._position(books, row.symbol) for row in books.open_positions()]

    def balance(self) -> Balance:
        with self._books() as books:
            marks = self._marks(books)
            equity = paper_margin.equity(books, marks)
            free = max(equity - paper_margin.margin_used(books, marks), Decimal(0))
            return Balance(self.terms.currency, books.wallet.balance, equity, free)

    def funding_payments(self, *, since: datetime) -> Sequence[FundingPayment]:
        with self._books():
            pass
        rows = PaperFunding.objects.filter(account_id=self.terms.account_id, at__gte=since).order_by("at", "symbol")
        return [
            FundingPayment(f"{row.symbol}@{to_ms(row.at)}", row.symbol, row.amount, self.terms.currency, row.at)
            for row in rows
        ]

    # --- trading ---

    def create_order(self, request: OrderRequest) -> OrderReport:
        if timezone.now() > request.send_by:
            raise NotSent("its time had passed", code="late")
        try:
            with self._books() as books:
                order, faults = self._accept(books, request)
        except Unavailable as error:
            raise Rejected(error.message, code=error.code) from None
        if FaultKind.DELAY in faults:
            time.sleep(faults[FaultKind.DELAY].seconds)
        if order is None:
            raise _refusal(faults)
        if FaultKind.TIMEOUT_AFTER in faults:
            raise OutcomeUnknown("no answer in time", code="timeout")
        return self._report(order)

    def cancel_order(
        self, symbol: str, *, client_order_id: str = "", exchange_order_id: str = "", is_stop: bool = False
    ) -> OrderReport:
        with self._books() as books:
            order = self._found(books, symbol, client_order_id, exchange_order_id)
            faults: dict[FaultKind, Fault] = {}
            if order and order.status in WORKING:
                faults = self._drawn(books, frozenset({FaultKind.CANCEL_TIMEOUT}), order)
                books.order_end(order, OrderStatus.CANCELED, "canceled by request")
        if faults:
            raise OutcomeUnknown("no answer in time", code="timeout")
        return self._report(order)

    def set_leverage(self, symbol: str, *, leverage: int, margin_mode: MarginMode) -> None:
        rules = self._rules.get(symbol)
        if rules is None:
            raise Rejected(f"no market {symbol}", code="unknown_market")
        if not 1 <= leverage <= rules.max_leverage:
            raise Rejected(f"leverage {leverage} is not within 1 to {rules.max_leverage:f}", code="leverage")
        with self._books() as books:
            changed_mode = books.leverage_of(symbol)[1] != margin_mode
            if changed_mode and (books.held(symbol) or any(o.symbol == symbol for o in books.working())):
                raise Rejected("margin mode cannot change with an open position or order", code="margin_mode")
            books.wallet_set(leverage=books.wallet.leverage | {symbol: [leverage, margin_mode]})
            marks = self._marks(books)
            if paper_margin.margin_used(books, marks) > max(paper_margin.equity(books, marks), Decimal(0)):
                raise Rejected("insufficient margin for that leverage", code="insufficient_margin")

    def market_settings(self, symbol: str, *, margin_mode: MarginMode) -> MarketSettings:
        with self._books() as books:
            leverage, mode = books.leverage_of(symbol)
        return MarketSettings(leverage, mode, one_way=True)

    def pause_s(self) -> float:
        return 0.0

    def close(self) -> None:
        """Nothing is kept open."""
        return

    # --- rehearsals ---

    def rehearse(self, chaos: Chaos) -> None:
        """From now on the account misbehaves like this; an empty one ends it."""
        with self._books() as books:
            books.wallet_set(chaos=paper_chaos.dump(chaos.begun(books.moment)))

    def rehearse_also(self, fault: Fault) -> None:
        """Beside what it was told before and what is not over yet."""
        with self._books() as books:
            before = paper_chaos.parse(books.wallet.chaos).lasting(books.moment)
            left = tuple(known for known in before.faults if known.next != 0)
            chaos = replace(before, faults=(*left, fault)).begun(books.moment)
            books.wallet_set(chaos=paper_chaos.dump(chaos))

    def rehearsal(self) -> Chaos:
        """What is left of it."""
        refuse_inside_transaction()
        wallet = self._wallet()
        return paper_chaos.parse(wallet.chaos).lasting(self._moment(wallet))

    def liquidate(self, symbol: str) -> bool:
        """Closes a leg at the mark, whatever its margin, after cancelling its orders; False where nothing is held."""
        with self._books() as books:
            if not books.held(symbol):
                return False
            for order in books.working():
                if order.symbol == symbol:
                    books.order_end(order, OrderStatus.CANCELED, "liquidation")
            self._matcher.close_out(books, symbol, self._marks(books)(symbol))
        return True

    # --- inside ---

    @contextmanager
    def _books(self) -> Iterator[Books]:
        """The account's books under its lock, brought up to date; written and committed at the end of the block."""
        refuse_inside_transaction()
        with transaction.atomic(using=CONNECTION):
            wallet = self._locked_wallet()
            moment = self._moment(wallet)
            books = Books(wallet, moment, self._time(moment))
            self._settle(books)
            yield books
            books.close()

    def _wallet(self) -> PaperWallet:
        return PaperWallet.objects.filter(pk=self.terms.account_id).first() or self._wallet_open()

    def _locked_wallet(self) -> PaperWallet:
        locked = PaperWallet.objects.select_for_update().filter(pk=self.terms.account_id)
        wallet = locked.first()
        if wallet is None:
            self._wallet_open()
            wallet = locked.get()
        return wallet

    def _wallet_open(self) -> PaperWallet:
        """On the first visit; whoever comes second finds it."""
        opening = {
            "balance": self.terms.initial_balance,
            "currency": self.terms.currency,
            "started_at": self.terms.opened_at,
        }
        opening |= self._opening()
        return PaperWallet.objects.get_or_create(account_id=self.terms.account_id, defaults=opening)[0]

    def _accept(self, books: Books, request: OrderRequest) -> tuple[PaperOrder | None, dict[FaultKind, Fault]]:
        """The accepted order, or None where a rehearsed fault refuses it. Raises Rejected."""
        paper_intake.check(request, self._rules.get(request.symbol), books, self._marks(books))
        order = PaperOrder(
            account_id=self.terms.account_id,
            number=books.next_number(),
            client_order_id=request.client_order_id,
            symbol=request.symbol,
            side=request.side,
            type=request.type,
            price=request.price,
            trigger_price=request.trigger_price,
            post_only=request.post_only,
            amount=request.amount,
            filled=Decimal(0),
            reduce_only=request.reduce_only,
            status=OrderStatus.OPEN.value,
            accepted_at=books.now,
            updated_at=books.now,
        )
        faults = self._drawn(books, paper_chaos.OF_ORDERS, order)
        if FaultKind.REJECT in faults or FaultKind.TIMEOUT_BEFORE in faults:
            return None, faults
        if FaultKind.SLOW in faults:
            order.hold_steps = faults[FaultKind.SLOW].steps
        if FaultKind.NOT_FOUND in faults:
            order.hidden_until = timezone.now() + timedelta(seconds=faults[FaultKind.NOT_FOUND].seconds)
        if FaultKind.PARTIAL in faults:
            order.fill_share = Decimal(str(faults[FaultKind.PARTIAL].share))
        books.order_add(order)
        if order.type != "stop":  # it rests: one that would trigger at once is refused
            self._meet(books, order)
        return order, faults

    def _drawn(self, books: Books, kinds: frozenset[FaultKind], order: PaperOrder) -> dict[FaultKind, Fault]:
        if not books.wallet.chaos:
            return {}
        chaos = paper_chaos.parse(books.wallet.chaos).lasting(books.moment)
        left, faults = chaos.drawn(kinds, order.number, order.symbol, order.side, order.reduce_only)
        books.wallet_set(chaos=paper_chaos.dump(left))
        return faults

    def _marks(self, books: Books) -> paper_margin.Marks:
        """Raises Unavailable for a market that never had a price."""

        def mark(symbol: str) -> Decimal:
            price = self._source.mark(symbol, books.moment)
            if price is None:
                raise Unavailable(f"no price for {symbol}", code="no_price")
            return price

        return mark

    def _quote(self, symbol: str, moment: int, frozen_since: int | None) -> VenueQuote | None:
        seen = moment if frozen_since is None else min(frozen_since, moment)
        touch = self._source.touch(symbol, seen) if symbol in self._rules else None
        if touch is None:
            return None
        at = self._time(seen)
        size = self.terms.book.depth
        return VenueQuote(
            symbol=symbol,
            bid=touch.bid,
            ask=touch.ask,
            at=at,
            alive_at=at,
            last=touch.mid,
            bid_size=None if size is None else size / touch.bid,
            ask_size=None if size is None else size / touch.ask,
        )

    def _position(self, books: Books, symbol: str) -> VenuePosition:
        row, mark = books.positions[symbol], self._marks(books)(symbol)
        leverage, mode = books.leverage_of(symbol)
        return VenuePosition(
            symbol=symbol,
            amount=row.amount,
            entry_price=row.cost / row.amount,
            mark_price=mark,
            unrealized_pnl=paper_margin.unrealised(row, mark),
            leverage=leverage,
            margin_mode=mode,
        )

    def _found(self, books: Books, symbol: str, client_order_id: str, number: str) -> PaperOrder | None:
        """None where the venue does not know the order (or was told to say so)."""
        order = books.by_client_id(client_order_id) if client_order_id else books.by_number(number)
        return None if order is None or order.symbol != symbol or _is_hidden(order) else order

    def _report(self, order: PaperOrder | None) -> OrderReport:
        if order is None:
            raise OrderNotFound("no such order", code="not_found")
        return reports_of([order], self.terms.currency)[0]


def _is_hidden(order: PaperOrder) -> bool:
    return order.hidden_until is not None and timezone.now() < order.hidden_until


def _refusal(faults: Mapping[FaultKind, Fault]) -> ExchangeError:
    if FaultKind.REJECT in faults:
        return Rejected("refused as rehearsed", code="rehearsal")
    return OutcomeUnknown("no answer in time", code="timeout")
