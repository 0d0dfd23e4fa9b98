"""The paper venue on prices that run with the clock: live quotes, a simulation, a paced replay."""

from datetime import datetime

from django.utils import timezone

from exchanges.adapters.paper import PaperVenue
from exchanges.adapters.paper_books import Books
from exchanges.adapters.paper_matching import Chance
from exchanges.adapters.paper_source import RunningSource, from_ms, to_ms
from exchanges.paper_models import PaperOrder, PaperWallet


class RunningPaperVenue(PaperVenue):
    """An order meets the market when it arrives. Whatever was due since the last visit (resting orders that the price
    crossed, funding, liquidation) happens at the next visit."""

    _source: RunningSource

    def clock(self) -> datetime:
        return from_ms(self._now())

    def _opening(self) -> dict[str, object]:
        return {"settled_at": from_ms(self._now())}

    def _moment(self, wallet: PaperWallet) -> int:
        """Never before what was dealt with already, even if the host's clock was set back."""
        return max(self._now(), to_ms(wallet.settled_at))

    def _now(self) -> int:
        return self._source.clock_ms(self.terms.opened_at, timezone.now())

    def _time(self, moment: int) -> datetime:
        return from_ms(moment)

    def _settle(self, books: Books) -> None:
        since = to_ms(books.wallet.settled_at)
        self._fund(books, since)
        for order in books.working():
            chance = self._chance_since(order, since, books.moment)
            self._matcher.try_order(books, order, chance, fresh=order.type != "limit", at=books.now)
        self._matcher.liquidate(books, self._marks(books))
        books.wallet_set(settled_at=books.now)

    def _fund(self, books: Books, since: int) -> None:
        for position in books.open_positions():
            for rate in self._source.funding(position.symbol, since, books.moment):
                mark = self._source.mark(position.symbol, rate.at_ms)
                if mark is not None:
                    books.fund(position.symbol, rate, mark)

    def _meet(self, books: Books, order: PaperOrder) -> None:
        touch = self._source.touch(order.symbol, books.moment)
        chance = Chance(touch.ask, touch.bid, touch.ask, touch.bid) if touch else None
        self._matcher.try_order(books, order, chance, fresh=True, at=books.now)

    def _chance_since(self, order: PaperOrder, since: int, moment: int) -> Chance | None:
        """The book now, and how far both its sides went in the meantime."""
        touch = self._source.touch(order.symbol, moment)
        extremes = self._source.extremes(order.symbol, since, moment)
        if touch is None or extremes is None:
            return None
        low, high = extremes
        half = self.terms.half_spread
        return Chance(
            buy=touch.ask,
            sell=touch.bid,
            lowest_ask=min(touch.ask, low * (1 + half)),
            highest_bid=max(touch.bid, high * (1 - half)),
        )
