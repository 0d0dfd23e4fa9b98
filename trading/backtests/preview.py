"""What a back-test with these settings would run over: the stored spread, the ladder's figures, and a first result."""

from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import numpy as np

from bots.ladder.table import Terms, ladder_table
from bots.models import Bot, MarginMode
from bots.preview.history import history_of, spread_line
from bots.preview.rows import level_row, totals_of
from bots.preview.warnings import ladder_warnings
from bots.settings.pair_rules import PairRules
from exchanges.adapters.paper_source import from_ms
from exchanges.contract_rules import rules_of
from exchanges.history import candles
from exchanges.history.simulated_shelf import SHELF, rules_on_shelf
from trading.backtests.drafts import PLACE, Draft
from trading.backtests.errors import BacktestRefused
from trading.backtests.markets import stored_markets
from trading.backtests.parameters import SPREAD, Parameters, parse_parameters
from trading.backtests.run import Markets, Run, aligned_bars, bars_of, simulate_run
from trading.core.candles import Tape
from trading.core.position_sizing import Results, investment_of
from trading.core.sizing import MarketRules
from trading.core.types import OPEN, Config, Quote
from trading.strategies.position_sizes import sizing_of

MARKS_MOST: Final = 400
"""Trades drawn into the form's chart: more would cover the line."""


def venue_rules(exchange: str, symbol: str, timeframe: str) -> MarketRules | None:
    """The venue's contract rules, or those that the stored series shows; None where neither is known."""
    try:
        if exchange == SHELF:
            return rules_on_shelf(symbol)
        return rules_of(exchange, symbol, candles.load(exchange, symbol, timeframe)).rules
    except LookupError:
        return None


def backtest_preview(draft: Draft) -> dict[str, Any]:
    """JSON-ready, as far as the settings go; reads the candle store, writes nothing.

    {"data": counts | null, "start": … | null, "spread": … | null, "levels": [], "totals": … | null, "warnings": [],
    "history": … | null, "problems": []} as `bots.preview.whole` has them; the history is that of the very run, funding
    included.
    """
    shown: dict[str, Any] = {
        "data": None,
        "start": None,
        "spread": None,
        "levels": [],
        "totals": None,
        "warnings": [],
        "history": None,
        "problems": [],
    }
    if not draft.has_place:
        return shown
    try:
        markets = _markets(draft.place)
        parameters = parse_parameters(draft.parameters, draft.place.get("strategy", SPREAD))
        if not parameters.is_spread:
            return shown | _seen(draft, parameters, markets)
        run = simulate_run(parameters, markets)
    except BacktestRefused as refused:
        return shown | {"problems": [] if draft.errors else list(refused.problems)}
    return shown | _told(draft, run)


def _seen(draft: Draft, parameters: Parameters, markets: Markets) -> dict[str, Any]:
    """Of a strategy of one's own the data alone: it may take seconds to run, and opens where it wants to.

    Raises BacktestRefused.
    """
    aligned = aligned_bars(parameters, markets)
    tape = aligned.tape.part(bars_of(aligned.tape, markets, parameters.start_time))
    config = parameters.config(float(tape.opens1[0]), float(tape.opens2[0]))
    return {
        "data": {"bars": len(tape), "dropped1": aligned.dropped1, "dropped2": aligned.dropped2},
        "start": {"at": int(tape.times[0]), "p1": config.start1, "p2": config.start2},
        "spread": _spread(config, tape, draft.place["timeframe"]),
    }


def _markets(place: dict[str, Any]) -> Markets:
    return stored_markets(
        *(place.get(name, "") for name in PLACE),
        since=place.get("since"),
        until=place.get("until"),
        use_funding=place.get("use_funding", True),
    )


def _told(draft: Draft, run: Run) -> dict[str, Any]:
    config, timeframe = run.setup.config, draft.place["timeframe"]
    history = history_of(run.result, config.levels)
    if len(history["trades"]) > MARKS_MOST:
        history["trades"] = []
    found = {
        "data": {"bars": len(run.tape), "dropped1": run.aligned.dropped1, "dropped2": run.aligned.dropped2},
        "start": {"at": int(run.tape.times[0]), "p1": config.start1, "p2": config.start2},
        "spread": _spread(config, run.tape, timeframe),
        "history": history,
    }
    pair, size = _pair(draft), _first_size(run)
    if pair is None or not size > 0.0:
        return found
    config = config._replace(investment=size)
    sketch, terms = _sketch(draft, run.parameters, size), _terms(draft, run.parameters)
    levels = ladder_table(config, _first_quote(config), pair.rules, terms)
    return found | {
        "levels": [level_row(level, pair, history) for level in levels],
        "totals": totals_of(sketch, pair, levels, terms),
        "warnings": ladder_warnings(sketch, pair, levels),
    }


def _first_size(run: Run) -> float:
    """One leg's notional of the first level: by another sizing than a fixed one what the run's first cycle opened
    with, 0 where that is not known."""
    sizing, result = sizing_of(run.parameters.sizing), run.result
    if sizing is None:
        return run.setup.config.investment
    opened = np.flatnonzero(result.action == OPEN)
    if not len(opened):
        return investment_of(sizing, 0.0, float("nan"), Results(0, 0.0, 0.0))
    return float(abs(result.q1[opened[0]] * result.p1[opened[0]]) / run.setup.config.multipliers[0])


def _spread(config: Config, tape: Tape, timeframe: str) -> dict[str, Any]:
    line = spread_line(config, tape, timeframe)
    begin, end = (from_ms(int(ms)).isoformat() for ms in (tape.times[0], line["t"][-1]))
    return {"now": line["spread"][-1], "range": {"from": begin, "to": end}, **line}


def _pair(draft: Draft) -> PairRules | None:
    """Both markets' rules with the lots and fees of the run in place of the venue's."""
    exchange, timeframe = draft.place["exchange"], draft.place["timeframe"]
    symbols = (draft.place["market1_symbol"], draft.place["market2_symbol"])
    one, two = (venue_rules(exchange, symbol, timeframe) for symbol in symbols)
    if one is None or two is None:
        return None
    return PairRules(symbols, (_own_rules(one, 1, draft.parameters), _own_rules(two, 2, draft.parameters)))


def _own_rules(rules: MarketRules, leg: int, values: dict[str, Any]) -> MarketRules:
    return replace(
        rules,
        amount_step=Decimal(values.get(f"lot_step{leg}", 0)),
        amount_min=Decimal(values.get(f"min_amount{leg}", 0)),
        notional_min=Decimal(values.get(f"min_notional{leg}", 0)),
        taker_fee=Decimal(values.get("taker_fee", 0)),
        maker_fee=Decimal(values.get("maker_fee", 0)),
    )


def _sketch(draft: Draft, parameters: Parameters, size: float) -> Bot:
    """The bot that would trade so, never saved."""
    return Bot(
        investment_per_order=Decimal(str(size)),
        max_position_value=Decimal(draft.parameters["max_position_value"]),
        stop_loss_ratio=Decimal(str(parameters.stop_loss_ratio)),
        leverage=draft.parameters.get("leverage", 1),
    )


def _terms(draft: Draft, parameters: Parameters) -> Terms:
    """Without a leverage nothing is liquidated, as nothing is borrowed."""
    wallet = parameters.wallet
    return Terms(
        leverage=draft.parameters.get("leverage", 1),
        isolated=wallet is not None and parameters.margin_mode == MarginMode.ISOLATED,
        equities=None if wallet is None else (wallet,),
        max_imbalance=Decimal(str(parameters.max_imbalance)),
    )


def _first_quote(config: Config) -> Quote:
    """Both markets at their start prices, books as wide as the slippage says."""
    p1, p2, half = config.start1, config.start2, config.slippage
    return Quote(p1, p2, p1 * (1 - half), p1 * (1 + half), p2 * (1 - half), p2 * (1 + half))
