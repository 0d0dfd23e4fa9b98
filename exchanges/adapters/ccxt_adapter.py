"""The only file that imports ccxt: its tables of addresses, its signatures and its reading of market lists.

What goes over the wire is sent by `transport`, once, and read by `answers`; ccxt's own retries, limiter and error
tables (which it picks by host name) are not used. Numbers stay the venue's texts: nothing passes through a float.
"""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_random_exponential,
)

from exchanges.adapters.access import NO_KEYS, OUT_OF_BUDGET, TRADING, Access, Budget, Keys, Patience
from exchanges.adapters.answers import ACCOUNT, NOT_OFFERED, ClockRefused, data_of, no_answer
from exchanges.adapters.base_urls import rewritten
from exchanges.adapters.departure import leave
from exchanges.adapters.instruments import Instrument, instrument_of
from exchanges.adapters.transport import NeverSent, NoAnswer, Transport
from exchanges.adapters.venue_clock import clock_of
from exchanges.adapters.venues import Capabilities, Kind
from exchanges.errors import ExchangeError, NotSent, RateLimited, Rejected, Unavailable
from exchanges.metrics import clock_measured

BUDGET_LOOK_S = 0.05
UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class _Call:
    """What the thread's current request is: whether it changes anything, and until when (real time) it may be sent."""

    mutates: bool = False
    send_by: float | None = None
    headers: Mapping[str, str] | None = None


class _Thread(threading.local):
    call: _Call = _Call()


@cache
def _ccxt() -> Any:
    """Loaded by the first client: half a second that commands and pages without a venue need not wait."""
    return import_module("ccxt")


def _client_class(ccxt_id: str) -> Any:
    return type(f"Wired{ccxt_id.title()}", (_Wired, getattr(_ccxt(), ccxt_id)), {})


class _Wired:
    """In front of a ccxt class: sends by our transport and reads by our tables."""

    transport: Transport
    exchange: str
    thread: _Thread

    def fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        call = self.thread.call
        ready = {**self.prepare_request_headers(headers), **(call.headers or {})}  # type: ignore[attr-defined]
        if call.mutates:
            leave()
        if call.send_by is not None and time.time() > call.send_by:
            raise NotSent("its time had passed", code="late")
        try:
            answer = self.transport.send(method, url, ready, body)
        except NeverSent as error:
            if call.mutates:
                raise NotSent(f"no connection ({error})", code=UNREACHABLE) from None
            raise Unavailable(f"no connection ({error})", code=UNREACHABLE) from None
        except NoAnswer as error:
            raise no_answer(str(error), mutates=call.mutates) from None
        return data_of(self.exchange, answer, mutates=call.mutates)


class Client:
    """One key, or none, at one venue. Safe for many threads; every request is counted by `budget` first."""

    def __init__(
        self, venue: Capabilities, access: Access, budget: Budget, *, keys: Keys = NO_KEYS, patience: Patience = TRADING
    ) -> None:
        self.venue = venue
        self.access = access
        self.patience = patience
        self._budget = budget
        self._keys = keys
        self._thread = _Thread()
        self._clock = clock_of(venue.exchange, access.testnet, access.base_url)
        self._transport = Transport(timeout_s=access.timeout_s, proxy=access.proxy, venue=venue.exchange)
        self._ccxt = self._made()

    # --- requests ---

    def read(self, endpoint: str, params: Any = None, *, closing: bool = False) -> Any:
        """The answer to a question, asked again after failures that may pass. Raises ExchangeError."""
        for attempt in self._tries():
            with attempt:
                return self._once(endpoint, params, _Call(), closing=closing)
        raise AssertionError("a retry either answers or raises")

    def read_first(self, endpoints: Sequence[str], params: Any = None, *, closing: bool = False) -> Any:
        """The answer of the first of these endpoints that is offered there. Raises ExchangeError."""
        for endpoint in endpoints[:-1]:
            try:
                return self.read(endpoint, params, closing=closing)
            except Unavailable as error:
                if error.reason != NOT_OFFERED:
                    raise
        return self.read(endpoints[-1], params, closing=closing)

    def read_offered(self, endpoint: str, params: Any = None, *, otherwise: Any, closing: bool = False) -> Any:
        """The answer; `otherwise` where no such question is offered there. Raises ExchangeError."""
        try:
            return self.read(endpoint, params, closing=closing)
        except Unavailable as error:
            if error.reason != NOT_OFFERED:
                raise
            return otherwise

    def change(
        self,
        endpoint: str,
        params: Any = None,
        *,
        send_by: float | None = None,
        closing: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The answer to an order, a cancel or a setting: sent once. Raises ExchangeError."""
        return self._once(endpoint, params, _Call(mutates=True, send_by=send_by, headers=headers), closing=closing)

    def pause_s(self) -> float:
        return self._budget.left_away_s()

    def close(self) -> None:
        self._transport.close()

    # --- the venue's clock ---

    def now_ms(self) -> int:
        """The venue's time, by an offset measured some minutes ago at most. Raises ExchangeError."""
        return int(time.time() * 1000) + self._offset_ms()

    def clock_compare(self, stamp_ms: int) -> None:
        """With the newest stamp of quotes: a clock that has moved is measured anew by the next question."""
        self._clock.compare(stamp_ms)

    def asked_ms(self) -> int:
        """The venue's time, asked for now. Raises ExchangeError."""
        self._clock.forget()
        return self.now_ms()

    def venue_ms(self, real: float) -> int:
        """A real time (seconds) by the venue's clock as last measured: an order does not wait for a fresher one."""
        return int(real * 1000) + (self._clock.offset_ms if self._clock.known else self._offset_ms())

    def _offset_ms(self) -> int:
        if self._clock.is_stale():
            self._measure()
        return self._clock.offset_ms

    def _measure(self) -> None:
        with self._clock.lock:
            if not self._clock.is_stale():
                return
            began = time.time()
            theirs = self._read_time()
            ended = time.time()
            self._clock.measured(theirs - (began + ended) / 2 * 1000)
            clock_measured(self.venue.exchange, self._clock.offset_ms, ended - began)

    def _read_time(self) -> int:
        for attempt in self._tries():
            with attempt:
                return self._told_time()
        raise AssertionError("a retry either answers or raises")

    def _told_time(self) -> int:
        endpoint, path = TIME[self.venue.exchange]
        self._budget.spend(self.venue.cost_of(endpoint), closing=True)
        told = self._guarded(lambda: getattr(self._ccxt, endpoint)({}), _Call())
        try:
            for step in path:
                told = told[step]
            return int(told)
        except (LookupError, TypeError, ValueError):
            raise Unavailable("the exchange does not tell its time", code="unreadable") from None

    # --- markets ---

    def instruments(self, kind: Kind) -> dict[str, Instrument]:
        """The markets of one kind by symbol, as the venue lists them now. Raises ExchangeError.

        Only the first list of a kind holds markets that bots trade: it may do without the others.
        """
        found: dict[str, Instrument] = {}
        for place, listing in enumerate(self.venue.market_types.get(kind, ())):
            try:
                found |= self._of_listing(listing, kind)
            except (Unavailable, Rejected):
                if place == 0:
                    raise
        return found

    def _of_listing(self, listing: str, kind: Kind) -> dict[str, Instrument]:
        for attempt in self._tries():
            with attempt:
                rows = self._listed(listing)
                return {row["symbol"]: instrument_of(self.venue, row) for row in rows if row["type"] == kind}
        raise AssertionError("a retry either answers or raises")

    def _listed(self, listing: str) -> Sequence[Mapping[str, Any]]:
        """On a client of its own: which list is asked for is an option of the client."""
        lister = self._made()
        lister.options["fetchMarkets"] = {**lister.options["fetchMarkets"], "types": [listing]}
        endpoint = LIST_ENDPOINT[self.venue.exchange].get(listing, "")
        self._budget.spend(self.venue.cost_of(endpoint), closing=False)
        rows: Sequence[Mapping[str, Any]] = self._guarded(lister.fetch_markets, _Call())
        return rows

    # --- inside ---

    def _made(self) -> Any:
        client = _client_class(self.venue.ccxt_id)(
            {
                "apiKey": self._keys.api_key,
                "secret": self._keys.secret,
                "password": self._keys.passphrase,
                "enableRateLimit": False,
                "options": dict(self.venue.options),
            }
        )
        client.number = str
        if self.access.testnet and self.venue.exchange == "binance":
            client.enable_demo_trading(True)  # its older testnet is refused by ccxt
        elif self.access.testnet:
            client.set_sandbox_mode(True)
        if self.access.base_url:
            client.urls["api"] = rewritten(client.urls["api"], self.access.base_url, client.hostname or "")
        client.transport, client.exchange, client.thread = self._transport, self.venue.exchange, self._thread
        return client

    def _once(self, endpoint: str, params: Any, call: _Call, *, closing: bool) -> Any:
        if call.mutates:
            self._wait_for_budget(endpoint, call, closing=closing)
        else:
            self._budget.spend(self.venue.cost_of(endpoint, params), closing=closing)
        if not call.mutates or not self._clock.known:  # an order does not wait for a fresher clock
            self._offset_ms()
        self._ccxt.options["timeDifference"] = -self._clock.offset_ms
        return self._guarded(lambda: getattr(self._ccxt, endpoint)({} if params is None else params), call)

    def _wait_for_budget(self, endpoint: str, call: _Call, *, closing: bool) -> None:
        """An order may wait as long as it may still be sent: better than one leg without the other."""
        until = call.send_by or time.time() + self.patience.wait_max_s
        while True:
            try:
                return self._budget.spend(self.venue.cost_of(endpoint), closing=closing)
            except RateLimited as error:
                pause = min(error.retry_after_s, BUDGET_LOOK_S)
                if error.code != OUT_OF_BUDGET or time.time() + pause >= until:
                    raise
            time.sleep(pause)

    def _guarded(self, send: Any, call: _Call) -> Any:
        self._thread.call = call
        try:
            return send()
        except ExchangeError as error:
            self._keys.hide(error)
            self._learn(error)
            raise
        except _ccxt().BaseError as error:  # ccxt refused before anything was sent
            raise _unsent(error, mutates=call.mutates) from None
        finally:
            self._thread.call = _Call()

    def _learn(self, error: ExchangeError) -> None:
        if isinstance(error, ClockRefused):
            self._clock.forget()
        elif isinstance(error, RateLimited):
            error.retry_after_s = error.retry_after_s or self.venue.pause_s
            self._budget.stay_away(error.retry_after_s, everybody=error.reason != ACCOUNT)

    def _tries(self) -> Iterator[Any]:
        yield from Retrying(
            stop=stop_after_attempt(self.patience.attempts) | stop_after_delay(self.patience.total_s),
            wait=self._wait,
            retry=retry_if_exception(self._may_pass),
            reraise=True,
        )

    def _may_pass(self, error: BaseException) -> bool:
        if not isinstance(error, ExchangeError):
            return False
        if isinstance(error, RateLimited):
            return error.retry_after_s <= self.patience.wait_max_s
        if isinstance(error, Unavailable) and error.code == UNREACHABLE:
            return self.patience.unreachable
        if error.reason == NOT_OFFERED:
            return False
        return isinstance(error, (Unavailable, ClockRefused))

    def _wait(self, state: RetryCallState) -> float:
        jitter = wait_random_exponential(multiplier=0.1, max=self.patience.wait_max_s)(state)
        error = state.outcome.exception() if state.outcome else None
        return jitter + error.retry_after_s if isinstance(error, RateLimited) else jitter


def _unsent(error: Exception, *, mutates: bool) -> ExchangeError:
    kind = type(error).__name__
    if mutates:
        return NotSent(f"not sent ({kind})", code="not_sent")
    return Rejected(f"not possible ({kind})", code="not_sent")


TIME: Mapping[str, tuple[str, tuple[str | int, ...]]] = {
    "okx": ("publicGetPublicTime", ("data", 0, "ts")),
    "binance": ("fapiPublicGetTime", ("serverTime",)),
    "bybit": ("publicGetV5MarketTime", ("time",)),
}
"""The endpoint, and where in its answer the time stands (ms)."""
LIST_ENDPOINT: Mapping[str, Mapping[str, str]] = {
    "okx": dict.fromkeys(("swap", "spot", "future", "option"), "publicGetPublicInstruments"),
    "binance": {"linear": "fapiPublicGetExchangeInfo", "spot": "publicGetExchangeInfo"},
    "bybit": {},
}
