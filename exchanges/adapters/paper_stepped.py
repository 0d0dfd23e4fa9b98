"""The paper venue on a tape that moves bar by bar when it is told to.

An order that is accepted on one bar meets the market at the next bar's open. The venue's clock is the close of its
current bar.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from exchanges.adapters.base import OrderRequest
from exchanges.adapters.isolation import refuse_inside_transaction
from exchanges.adapters.paper import CONNECTION, PaperVenue
from exchanges.adapters.paper_books import Books
from exchanges.adapters.paper_chaos import Chaos, Fault, FaultKind
from exchanges.adapters.paper_matching import Chance
from exchanges.adapters.paper_replay import Tape, TapeBar
from exchanges.adapters.paper_source import from_ms, to_ms
from exchanges.errors import Rejected, Unavailable
from exchanges.paper_models import PaperOrder, PaperWallet

READ_KEPT_S = 0.02


@dataclass(frozen=True, slots=True)
class Bar:
    """`index` counts the bars that the tape has gone; `last`: nothing follows."""

    index: int
    opened_at: datetime
    last: bool


class SteppedPaperVenue(PaperVenue):
    _source: Tape
    _read: tuple[float, PaperWallet] | None = None

    def _wallet(self) -> PaperWallet:
        """Where the tape stands, as of some milliseconds ago: one look of a bot asks for it half a dozen times."""
        now, known = time.monotonic(), self._read
        if known is None or now - known[0] > READ_KEPT_S:
            known = self._read = now, super()._wallet()
        return known[1]

    def bar(self) -> Bar:
        refuse_inside_transaction()
        self._read = None
        wallet = self._wallet()
        moment = self._moment(wallet)
        return Bar(wallet.tape_index, from_ms(moment), self._source.after(moment) is None)

    def advance(self, *, expected_index: int) -> bool:
        """Moves the tape on by one bar if it stands at the expected one; False if it does not, or at its end."""
        refuse_inside_transaction()
        with transaction.atomic(using=CONNECTION):
            wallet = self._locked_wallet()
            current = self._moment(wallet)
            following = self._source.after(current)
            if wallet.tape_index != expected_index or following is None:
                return False
            books = Books(wallet, current, from_ms(following))
            self._step(books, current, following)
            books.close()
        self._read = None
        return True

    def rehearse(self, chaos: Chaos) -> None:
        super().rehearse(chaos)
        self._read = None

    def rehearse_also(self, fault: Fault) -> None:
        super().rehearse_also(fault)
        self._read = None

    def _step(self, books: Books, current: int, following: int) -> None:
        """Funding that is due by the new bar's open, fills at its open and within it, liquidation at its close."""
        for position in books.open_positions():
            for rate in self._source.funding(position.symbol, current, following):
                mark = self._source.opening(position.symbol, rate.at_ms)
                if mark is not None:
                    books.fund(position.symbol, rate, mark)
        opened = from_ms(current + self._source.bar_ms)
        for order in books.working():
            bar = self._source.bar(order.symbol, following)
            if bar is not None:
                fresh = order.type != "limit" or order.accepted_at >= opened
                self._matcher.try_order(books, order, self._chance(bar), fresh=fresh, at=books.now)
        books.wallet_set(tape_index=books.wallet.tape_index + 1, tape_at=from_ms(following))
        books.moment, books.now = following, self._time(following)
        self._matcher.liquidate(books, self._marks(books))
        books.wallet_set(settled_at=books.now)

    def _accept(self, books: Books, request: OrderRequest) -> tuple[PaperOrder | None, dict[FaultKind, Fault]]:
        if self._at_end(self._moment(books.wallet)) and not request.reduce_only:
            raise Rejected("the recording ends here", code="tape_end")
        return super()._accept(books, request)

    def _chance(self, bar: TapeBar) -> Chance:
        half = self.terms.half_spread
        return Chance(buy=bar.open, sell=bar.open, lowest_ask=bar.low * (1 + half), highest_bid=bar.high * (1 - half))

    def _opening(self) -> dict[str, object]:
        first = self._source.first()
        if first is None:
            raise Unavailable("the recording is empty", code="no_candles")
        return {"tape_at": from_ms(first), "settled_at": self._time(first)}

    def _moment(self, wallet: PaperWallet) -> int:
        if wallet.tape_at is None:
            raise Unavailable("this account has no tape", code="no_tape")
        return to_ms(wallet.tape_at)

    def _time(self, moment: int) -> datetime:
        return from_ms(moment) + timedelta(milliseconds=self._source.bar_ms)

    def _settle(self, books: Books) -> None:
        """Nothing happens between two bars."""

    def _meet(self, books: Books, order: PaperOrder) -> None:
        """At the next bar. Behind the last one positions can still be closed, at its close."""
        if not self._at_end(books.moment):
            return
        touch = self._source.touch(order.symbol, books.moment)
        chance = Chance(touch.ask, touch.bid, touch.ask, touch.bid) if touch else None
        self._matcher.try_order(books, order, chance, fresh=True, at=books.now)

    def _at_end(self, moment: int) -> bool:
        return self._source.after(moment) is None
