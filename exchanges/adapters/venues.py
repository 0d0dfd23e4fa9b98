"""What the three venues can do and what they ask for: one table each. Facts only, no network.

Budgets are the venues' published limits; `limits` keeps below them. Times in seconds unless the name says otherwise.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Literal

Kind = Literal["swap", "spot", "future", "option"]
Scope = Literal["address", "account"]

ALL_TYPES: Final = ("market", "limit", "post_only", "ioc", "stop")
SPOT_TYPES: Final = ("market", "limit", "post_only", "ioc")


@dataclass(frozen=True, slots=True)
class Bucket:
    """`limit` units in `per_s` seconds, counted by the venue for an IP address or for an account."""

    limit: int
    per_s: int
    scope: Scope = "address"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one call takes, and from which buckets."""

    weight: int
    buckets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Capabilities:
    exchange: str
    ccxt_id: str
    options: Mapping[str, Any]
    """Of the ccxt client."""
    market_types: Mapping[Kind, tuple[str, ...]]
    """What ccxt calls the lists in which markets of a kind are published; a missing kind is not offered."""
    client_id: re.Pattern[str]
    keeps_unfilled_s: int
    """How long a cancelled order without fills can still be asked for."""
    window_ms: int
    """How long after its time stamp a signed request is still accepted."""
    clock_error_ms: int
    """How far ahead of the venue's clock a time stamp may be."""
    candle_page: int
    funding_page: int
    funding_days: int | None
    """How far back funding rates are published; None: as long as the market exists."""
    order_types: tuple[str, ...]
    """Of perpetual swaps; `stop` triggers at the mark price and is a market order then."""
    fills_span_s: int
    """The longest period that one question about fills may cover."""
    taker_fee: Decimal
    maker_fee: Decimal
    """Of the lowest tier: what holds until an account's own rates are known."""
    max_leverage: Decimal
    """Where the public list of markets does not name it."""
    buckets: Mapping[str, Bucket]
    costs: Mapping[str, Cost]
    """By the name of ccxt's endpoint."""
    costs_of_one: Mapping[str, Cost]
    """Where a question about one market costs less than one about all."""
    default_cost: Cost
    pause_s: float
    """After a refusal for too many requests that names no time."""
    secrets: tuple[str, ...] = ("api_key", "api_secret")
    spot_taker_fee: Decimal = Decimal("0.001")
    spot_maker_fee: Decimal = Decimal("0.001")
    inverse_in_quote: bool = False
    """Amounts of inverse contracts are told in quote currency, not in contracts of so much of it."""
    spot_in_wallet: bool = True
    """Coins are bought from the wallet that margins the swaps; else from one of their own."""
    by_hand: Mapping[Kind, tuple[str, ...]] = field(default_factory=lambda: {"spot": SPOT_TYPES})
    """What else than perpetual swaps orders by hand may trade, and the types of orders there: linear and spot."""
    inverse_by_hand: bool = False
    """Orders by hand may trade swaps and dated futures that settle in their coin, too."""

    def types_of(self, kind: Kind) -> tuple[str, ...]:
        return self.order_types if kind == "swap" else self.by_hand.get(kind, ())

    @property
    def orders(self) -> dict[str, tuple[str, ...]]:
        """What can be traded there, and the types of orders; `inverse`: swaps and futures that settle in their coin."""
        found = {"swap": self.order_types, **{str(kind): types for kind, types in self.by_hand.items()}}
        return found | {"inverse": self.order_types} if self.inverse_by_hand else found

    def cost_of(self, endpoint: str, params: Any = None) -> Cost:
        if endpoint in self.costs_of_one and isinstance(params, dict) and "symbol" in params:
            return self.costs_of_one[endpoint]
        return self.costs.get(endpoint, self.default_cost)


DAY_S: Final = 86_400
HOUR_S: Final = 3_600


def _okx() -> Capabilities:
    """Every OKX endpoint has a budget of its own; the trading ones count per account."""
    per_2s = {
        "publicGetPublicInstruments": 20,
        "publicGetMarketTickers": 20,
        "publicGetMarketTicker": 20,
        "publicGetMarketBooks": 40,
        "publicGetMarketTrades": 100,
        "publicGetMarketCandles": 40,
        "publicGetMarketHistoryCandles": 20,
        "publicGetPublicFundingRateHistory": 10,
        "publicGetPublicFundingRate": 20,
        "publicGetPublicMarkPrice": 10,
        "publicGetPublicTime": 10,
    }
    private = {
        "privatePostTradeBatchOrders": 300,
        "privatePostTradeCancelOrder": 60,
        "privateGetTradeOrder": 60,
        "privateGetTradeOrdersPending": 60,
        "privateGetTradeOrdersHistory": 40,
        "privateGetTradeOrdersHistoryArchive": 20,
        "privatePostTradeOrderAlgo": 20,
        "privatePostTradeCancelAlgos": 20,
        "privateGetTradeOrderAlgo": 20,
        "privateGetTradeOrdersAlgoPending": 20,
        "privateGetTradeOrdersAlgoHistory": 20,
        "privateGetTradeFillsHistory": 10,
        "privateGetTradeFills": 60,
        "privateGetAccountPositions": 10,
        "privateGetAccountBalance": 10,
        "privateGetAccountConfig": 5,
        "privateGetAccountBills": 10,
        "privateGetAccountLeverageInfo": 20,
        "privatePostAccountSetLeverage": 20,
        "privateGetAccountTradeFee": 5,
    }
    buckets = {name: Bucket(limit, 2) for name, limit in per_2s.items()}
    buckets |= {name: Bucket(limit, 2, "account") for name, limit in private.items()}
    return Capabilities(
        exchange="okx",
        ccxt_id="okx",
        options={},
        market_types={"swap": ("swap",), "spot": ("spot",), "future": ("future",), "option": ("option",)},
        client_id=re.compile(r"[A-Za-z0-9]{1,32}"),
        keeps_unfilled_s=2 * HOUR_S,
        window_ms=5_000,
        clock_error_ms=30_000,
        candle_page=300,
        funding_page=100,
        funding_days=92,
        order_types=ALL_TYPES,
        fills_span_s=3 * DAY_S,
        taker_fee=Decimal("0.0005"),
        maker_fee=Decimal("0.0002"),
        max_leverage=Decimal(1),
        buckets=buckets | {"other": Bucket(5, 2, "account")},
        costs={name: Cost(1, (name,)) for name in buckets},
        costs_of_one={},
        default_cost=Cost(1, ("other",)),
        pause_s=2.0,
        secrets=("api_key", "api_secret", "passphrase"),
        spot_maker_fee=Decimal("0.0008"),
        by_hand={"spot": SPOT_TYPES, "future": ALL_TYPES},
        inverse_by_hand=True,
    )


def _binance() -> Capabilities:
    """Weights per minute and address, one sum for USD-M and one for spot; orders per account beside them."""
    futures = {
        "fapiPublicGetExchangeInfo": 1,
        "fapiPublicGetTime": 1,
        "fapiPublicGetTickerBookTicker": 5,
        "fapiPublicGetTicker24hr": 40,
        "fapiPublicGetDepth": 20,
        "fapiPublicGetTrades": 5,
        "fapiPublicGetKlines": 5,
        "fapiPublicGetFundingRate": 1,
        "fapiPublicGetPremiumIndex": 10,
        "fapiPrivateGetOrder": 1,
        "fapiPrivateGetOpenOrders": 40,
        "fapiPrivateGetAlgoOrder": 1,
        "fapiPrivateGetOpenAlgoOrders": 40,
        "fapiPrivateGetAllAlgoOrders": 5,
        "fapiPrivateDeleteAlgoOrder": 1,
        "fapiPrivateGetUserTrades": 5,
        "fapiPrivateGetAllOrders": 5,
        "fapiPrivateV3GetPositionRisk": 5,
        "fapiPrivateV2GetPositionRisk": 5,
        "fapiPrivateV3GetAccount": 5,
        "fapiPrivateV3GetBalance": 5,
        "fapiPrivateGetIncome": 30,
        "fapiPrivateGetPositionSideDual": 30,
        "fapiPrivateGetLeverageBracket": 1,
        "fapiPrivateGetSymbolConfig": 5,
        "fapiPrivateGetCommissionRate": 20,
        "fapiPrivateGetFeeBurn": 30,
        "fapiPrivatePostLeverage": 1,
        "fapiPrivatePostMarginType": 1,
        "fapiPrivateDeleteOrder": 1,
    }
    spot = {
        "publicGetExchangeInfo": 20,
        "publicGetTickerBookTicker": 4,
        "publicGetTicker24hr": 80,
        "publicGetDepth": 5,
        "publicGetTrades": 25,
        "publicGetKlines": 2,
        "sapiGetAccountApiRestrictions": 1,
        "privateGetOrder": 4,
        "privateDeleteOrder": 1,
        "privateGetOpenOrders": 80,
        "privateGetAllOrders": 20,
        "privateGetMyTrades": 20,
        "privateGetAccount": 20,
    }
    costs = {name: Cost(weight, ("futures",)) for name, weight in futures.items()}
    costs |= {name: Cost(weight, ("spot",)) for name, weight in spot.items()}
    costs |= {name: Cost(1, ("futures", "orders")) for name in ("fapiPrivatePostOrder", "fapiPrivatePostAlgoOrder")}
    costs["privatePostOrder"] = Cost(1, ("spot", "spot_orders"))
    return Capabilities(
        exchange="binance",
        ccxt_id="binance",
        options={"fetchCurrencies": False, "recvWindow": 5_000},
        market_types={"swap": ("linear",), "spot": ("spot",), "future": ("linear",)},
        client_id=re.compile(r"[.A-Z:/a-z0-9_-]{1,36}"),
        keeps_unfilled_s=3 * DAY_S,
        window_ms=5_000,
        clock_error_ms=1_000,
        candle_page=1_000,
        funding_page=1_000,
        funding_days=None,
        order_types=ALL_TYPES,
        fills_span_s=7 * DAY_S,
        by_hand={"spot": SPOT_TYPES, "future": ALL_TYPES},
        taker_fee=Decimal("0.0005"),
        maker_fee=Decimal("0.0002"),
        max_leverage=Decimal(20),
        buckets={
            "futures": Bucket(2_400, 60),
            "spot": Bucket(6_000, 60),
            "orders": Bucket(300, 10, "account"),
            "spot_orders": Bucket(100, 10, "account"),
        },
        costs=costs,
        costs_of_one={
            "fapiPrivateGetOpenOrders": Cost(1, ("futures",)),
            "fapiPrivateGetOpenAlgoOrders": Cost(1, ("futures",)),
            "privateGetOpenOrders": Cost(6, ("spot",)),
            "fapiPublicGetPremiumIndex": Cost(1, ("futures",)),
        },
        default_cost=Cost(20, ("futures",)),
        pause_s=10.0,
        spot_in_wallet=False,
    )


def _bybit() -> Capabilities:
    """One sum per address for everything, and rates per second and account for what needs a key."""
    private = {
        "privatePostV5OrderCreate": 10,
        "privatePostV5OrderCancel": 10,
        "privateGetV5OrderRealtime": 50,
        "privateGetV5OrderHistory": 50,
        "privateGetV5ExecutionList": 50,
        "privateGetV5PositionList": 50,
        "privateGetV5AccountWalletBalance": 50,
        "privateGetV5AccountTransactionLog": 30,
        "privatePostV5PositionSetLeverage": 10,
        "privatePostV5PositionSwitchMode": 10,
        "privatePostV5AccountSetMarginMode": 5,
        "privateGetV5AccountInfo": 50,
        "privateGetV5UserQueryApi": 10,
        "privateGetV5AccountFeeRate": 5,
    }
    buckets = {name: Bucket(limit, 1, "account") for name, limit in private.items()}
    return Capabilities(
        exchange="bybit",
        ccxt_id="bybit",
        options={"recvWindow": 5_000, "enableUnifiedMargin": False, "enableUnifiedAccount": True},
        market_types={
            "swap": ("linear", "inverse"),
            "spot": ("spot",),
            "future": ("linear", "inverse"),
            "option": ("option",),
        },
        client_id=re.compile(r"[A-Za-z0-9_-]{1,36}"),
        keeps_unfilled_s=DAY_S,
        window_ms=5_000,
        clock_error_ms=1_000,
        candle_page=1_000,
        funding_page=200,
        funding_days=None,
        order_types=ALL_TYPES,
        fills_span_s=7 * DAY_S,
        inverse_in_quote=True,
        by_hand={"spot": SPOT_TYPES, "future": ALL_TYPES},
        inverse_by_hand=True,
        taker_fee=Decimal("0.00055"),
        maker_fee=Decimal("0.0002"),
        max_leverage=Decimal(1),
        buckets=buckets | {"all": Bucket(600, 5)},
        costs={name: Cost(1, ("all", name)) for name in private},
        costs_of_one={},
        default_cost=Cost(1, ("all",)),
        pause_s=5.0,
    )


VENUES: Final[Mapping[str, Capabilities]] = {
    capabilities.exchange: capabilities for capabilities in (_okx(), _binance(), _bybit())
}
