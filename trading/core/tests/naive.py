"""A back-test of the spread strategy written for reading: every fill is kept, everything is added up anew each time.

It shares nothing with the engine but the names of its inputs; the two are compared on random walks and recorded data.
"""

import math
from dataclasses import dataclass, field

from trading.core.candles import Tape
from trading.core.types import Config


@dataclass
class Leg:
    side: int
    amount: float
    price: float
    fee_rate: float

    @property
    def fee(self) -> float:
        return self.amount * self.price * self.fee_rate

    def gained(self, price: float) -> float:
        return self.side * self.amount * (price - self.price)


@dataclass
class Level:
    notional: float
    spread: float
    legs: tuple[Leg, Leg]
    planned: tuple[float, float]


@dataclass
class Trade:
    bar: int
    action: str
    level: int
    side: int
    spread: float
    q1: float
    p1: float
    q2: float
    p2: float
    pnl: float | None = None


@dataclass
class Run:
    config: Config
    tape: Tape
    fill: str = "next_open"
    pause_after_close: bool = False
    restart_after_stop_loss: bool = True
    lots: tuple[float, float] = (0.0, 0.0)
    max_imbalance: float = 0.05
    funding: list[tuple[int, float, float]] = field(default_factory=list)
    """(bar, paid by one unit of leg 1, of leg 2)"""

    levels: list[Level] = field(default_factory=list)
    side: int = 0
    reference: float = 0.0
    funded: float = 0.0
    realised: float = 0.0
    paused: bool = False
    trades: list[Trade] = field(default_factory=list)
    equity: list[float] = field(default_factory=list)
    refused: int = 0

    def run(self) -> "Run":
        wanted: tuple[str, int] | None = None
        for bar in range(len(self.tape)):
            self.pay_funding(bar)
            if self.fill == "next_open" and wanted:
                self.execute(wanted, decided=bar - 1, bar=bar)
            wanted = None if self.paused or bar == len(self.tape) - 1 else self.decide(bar)
            if self.fill == "close" and wanted:
                self.execute(wanted, decided=bar, bar=bar)
            self.equity.append(self.realised + (self.net_pnl(bar) if self.side else 0.0))
        return self

    @property
    def max_drawdown(self) -> float:
        peak, worst = 0.0, 0.0
        for value in self.equity:
            peak = max(peak, value)
            worst = max(worst, peak - value)
        return worst

    def closes(self, bar: int) -> tuple[float, float]:
        return float(self.tape.closes1[bar]), float(self.tape.closes2[bar])

    def spread(self, bar: int) -> float:
        p1, p2 = self.closes(bar)
        return (p1 / self.config.start1 - 1) * 100 - (p2 / self.config.start2 - 1) * 100

    def decide(self, bar: int) -> tuple[str, int] | None:
        rules, spread = self.config, self.spread(bar)
        if self.side:
            invested = sum(level.notional for level in self.levels)
            percent = (self.net_pnl(bar) if rules.net else self.gross_pnl(bar)) / invested * 100
            if rules.stop_loss > 0 and percent <= -rules.stop_loss:
                return "stop_loss", self.side
            if rules.regression:
                done = self.side * (spread - self.levels[0].spread) >= rules.take_profit
            else:
                done = percent >= rules.take_profit
            if done:
                return "take_profit", self.side
            filled = len(self.levels)
            if filled == rules.levels or -self.side * (spread - self.levels[-1].spread) < rules.spreads[filled]:
                return None
            fits = 2 * (invested + rules.investment * rules.multipliers[filled]) <= rules.cap
            return ("add", self.side) if fits else None
        if abs(spread - self.reference) < rules.spreads[0]:
            return None
        if 2 * rules.investment * rules.multipliers[0] > rules.cap:
            return None
        direction = 1 if spread > self.reference else -1
        side = direction if rules.momentum else -direction
        allowed = rules.allow_long if side > 0 else rules.allow_short
        return ("open", side) if allowed else None

    def execute(self, wanted: tuple[str, int], decided: int, bar: int) -> None:
        action, side = wanted
        p1, p2 = self.closes(bar)
        if self.fill == "next_open":
            p1, p2 = float(self.tape.opens1[bar]), float(self.tape.opens2[bar])
        buying = side if action in ("open", "add") else -side
        p1, p2 = p1 * (1 + buying * self.config.slippage), p2 * (1 - buying * self.config.slippage)
        if action in ("open", "add"):
            self.enter(action, side, decided, bar, p1, p2)
        else:
            self.exit(action, decided, bar, p1, p2)

    def enter(self, action: str, side: int, decided: int, bar: int, p1: float, p2: float) -> None:
        notional = self.config.investment * self.config.multipliers[len(self.levels)]
        signal1, signal2 = self.closes(decided)
        amounts = self.amounts(notional, signal1, signal2)
        if amounts is None:
            self.refused += 1
            return
        legs = Leg(side, amounts[0], p1, self.config.fee1), Leg(-side, amounts[1], p2, self.config.fee2)
        planned = notional / signal1, notional / signal2
        self.levels.append(Level(notional, self.spread(decided), legs, planned))
        self.side = side
        q1, q2 = side * amounts[0], -side * amounts[1]
        self.trades.append(Trade(bar, action, len(self.levels), side, self.spread(decided), q1, p1, q2, p2))

    def amounts(self, notional: float, signal1: float, signal2: float) -> tuple[float, float] | None:
        if self.lots == (0.0, 0.0):
            return notional / signal1, notional / signal2
        totals = [notional / signal1, notional / signal2]
        held = [0.0, 0.0]
        for level in self.levels:
            for leg in (0, 1):
                totals[leg] += level.planned[leg]
                held[leg] += level.legs[leg].amount
        share = min(self.whole_lots(totals[leg], leg) / totals[leg] for leg in (0, 1))
        amounts = [self.whole_lots(totals[leg] * share, leg) - held[leg] for leg in (0, 1)]
        notionals = amounts[0] * signal1, amounts[1] * signal2
        if min(notionals) <= 0 or max(notionals) - min(notionals) > self.max_imbalance * max(notionals):
            return None
        return amounts[0], amounts[1]

    def whole_lots(self, amount: float, leg: int) -> float:
        lot = self.lots[leg]
        return amount if not lot else math.floor(amount / lot * (1 + 1e-14) + 1e-9) * lot

    def exit(self, action: str, decided: int, bar: int, p1: float, p2: float) -> None:
        pnl = self.worth(p1, p2) + self.funded
        amount1, amount2 = (sum(level.legs[leg].amount for level in self.levels) for leg in (0, 1))
        spread, side = self.spread(decided), self.side
        self.trades.append(
            Trade(bar, action, len(self.levels), side, spread, -side * amount1, p1, side * amount2, p2, pnl)
        )
        self.realised += pnl
        self.levels, self.side, self.funded, self.reference = [], 0, 0.0, spread
        self.paused = not self.restart_after_stop_loss if action == "stop_loss" else self.pause_after_close

    def worth(self, p1: float, p2: float) -> float:
        """Gains at exit prices less all fees, funding not counted."""
        total = 0.0
        for level in self.levels:
            for leg, price in zip(level.legs, (p1, p2), strict=True):
                total += leg.gained(price) - leg.fee - leg.amount * price * leg.fee_rate
        return total

    def net_pnl(self, bar: int) -> float:
        p1, p2 = self.closes(bar)
        slippage = self.config.slippage * self.side
        return self.worth(p1 * (1 - slippage), p2 * (1 + slippage)) + self.funded

    def gross_pnl(self, bar: int) -> float:
        p1, p2 = self.closes(bar)
        return sum(level.legs[0].gained(p1) + level.legs[1].gained(p2) for level in self.levels)

    def pay_funding(self, bar: int) -> None:
        for due, per_unit1, per_unit2 in self.funding:
            if due == bar and self.side:
                for level in self.levels:
                    self.funded -= self.side * level.legs[0].amount * per_unit1
                    self.funded += self.side * level.legs[1].amount * per_unit2
