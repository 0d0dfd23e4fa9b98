"""The pair in backtrader: two feeds, orders on the deciding close, percentage fee and slippage."""

from datetime import datetime

import backtrader as bt
import numpy as np
from rules import Outcome, Rules, play, spread_of

CASH = 1_000_000.0


class Closes(bt.feed.DataBase):
    """Bars that consist of their close, from memory."""

    params = (("closes", None), ("dates", None))

    def start(self) -> None:
        super().start()
        self.bar = 0

    def _load(self) -> bool:
        if self.bar == len(self.p.closes):
            return False
        price = self.p.closes[self.bar]
        self.lines.datetime[0] = self.p.dates[self.bar]
        for line in (self.lines.open, self.lines.high, self.lines.low, self.lines.close):
            line[0] = price
        self.lines.volume[0] = self.lines.openinterest[0] = 0.0
        self.bar += 1
        return True


class Pair(bt.Strategy):
    params = (("rules", None), ("spreads", None))

    def __init__(self) -> None:
        self.bar = -1
        self.level = self.side = self.cycles = self.orders = 0
        self.reference = self.cost = self.invested = self.q1 = self.q2 = 0.0

    def next(self) -> None:
        self.bar += 1
        rules: Rules = self.p.rules
        p1, p2, spread = self.datas[0].close[0], self.datas[1].close[0], self.p.spreads[self.bar]
        if self.level == 0:
            moved = spread - self.reference
            if abs(moved) >= rules.spreads[0]:
                self.side = -1 if moved > 0 else 1
                self.enter(rules, p1, p2, spread)
            return
        percent = (self.q1 * p1 + self.q2 * p2 - self.cost) / self.invested * 100
        if percent >= rules.take_profit or percent <= -rules.stop_loss:
            self.leave(spread)
        elif self.level < len(rules.spreads) and -self.side * (spread - self.reference) >= rules.spreads[self.level]:
            self.enter(rules, p1, p2, spread)

    def enter(self, rules: Rules, p1: float, p2: float, spread: float) -> None:
        notional, side = rules.investment * rules.multipliers[self.level], self.side
        amounts = notional / p1, notional / p2
        first, second = (self.buy, self.sell) if side > 0 else (self.sell, self.buy)
        first(self.datas[0], size=amounts[0])
        second(self.datas[1], size=amounts[1])
        slip = side * rules.slippage
        self.cost += side * amounts[0] * p1 * (1 + slip) - side * amounts[1] * p2 * (1 - slip)
        self.q1 += side * amounts[0]
        self.q2 -= side * amounts[1]
        self.invested += notional
        self.reference = spread
        self.level += 1
        self.orders += 1

    def leave(self, spread: float) -> None:
        self.close(self.datas[0])
        self.close(self.datas[1])
        self.level = self.side = 0
        self.cost = self.invested = self.q1 = self.q2 = 0.0
        self.reference = spread
        self.cycles += 1
        self.orders += 1


def run(prices: np.ndarray, rules: Rules) -> Outcome:
    first = bt.date2num(datetime(2024, 1, 1))
    dates = [first + minute / 1440 for minute in range(prices.shape[1])]
    engine = bt.Cerebro(stdstats=False, preload=True, runonce=True)
    for closes in prices:
        engine.adddata(Closes(closes=closes.tolist(), dates=dates, timeframe=bt.TimeFrame.Minutes))
    engine.broker.setcash(CASH)
    engine.broker.set_coc(True)
    engine.broker.setcommission(commission=rules.fee)
    engine.broker.set_slippage_perc(rules.slippage, slip_open=True, slip_match=True, slip_out=True)
    engine.broker.set_shortcash(True)
    engine.addstrategy(Pair, rules=rules, spreads=spread_of(prices).tolist())
    traded = engine.run()[0]
    return Outcome(traded.cycles, traded.orders, engine.broker.getvalue() - CASH)


if __name__ == "__main__":
    play(run)
