"""The form of a back-test between browser and services: values as typed, filled in from a bot, a run or the store.

No rules here: `trading.backtests.drafts` says what is wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import QuerySet
from django.http import QueryDict

from bots.ladder.presets import DEFAULT_PRESET
from bots.models import Bot
from bots.pages.forms import SYMBOLS, BotForm, LadderRow, preset_rows
from bots.settings.fields import default_of
from bots.settings.form_values import shown_instant, shown_number, typed_instant, typed_number
from bots.strategies.form import (
    PREFIX,
    SIZE_PREFIX,
    param_values,
    posted_params,
    posted_sizes,
    size_values,
    typed_params,
    typed_sizes,
)
from exchanges.adapters.paper_source import from_ms
from exchanges.history.simulated_shelf import history_exchange
from exchanges.models import Exchange
from exchanges.symbols import canonical
from exchanges.timeframes import TIMEFRAME_MS
from trading.backtests.catalogue import Catalogue, Overlap
from trading.backtests.drafts import LOTS, OF_THE_VENUE, PERCENT, PLACE, SIZING, START_PRICES, STRATEGY_PARAMS
from trading.backtests.preview import venue_rules
from trading.core.sizing import MarketRules
from trading.core.types import LEVELS_MAX
from trading.models import Backtest

INSTANTS: Final = ("since", "until", "start_time")
NUMBERS: Final = (
    "investment_per_order",
    "max_position_value",
    "profit_ratio",
    "stop_loss_ratio",
    "slippage_bps",
    "capital",
    *PERCENT,
    *LOTS,
    *START_PRICES,
)
OF_A_BOT: Final = (
    "investment_per_order",
    "max_position_value",
    "margin_mode",
    "opening",
    "allowed_side",
    "order_type_open",
    "order_type_close",
    "profit_mode",
    "profit_ratio",
    "stop_loss_ratio",
    "pause_after_close",
    "restart_after_stop_loss",
    "pnl_basis",
)
FLAGS: Final = ("restart_after_stop_loss",)
FIELDS: Final = (
    "name",
    "strategy",
    *PLACE,
    *INSTANTS,
    "use_funding",
    "leverage",
    "fill",
    *OF_A_BOT,
    *(name for name in NUMBERS if name not in OF_A_BOT),
)
ADVANCED: Final = frozenset(
    {"order_type_close", "pnl_basis", "max_imbalance", "maintenance_margin", "capital", "start_time", *START_PRICES}
    | {name for name in LOTS if not name.startswith("lot_step")}
)
DEFAULTS: Final = {
    "strategy": "spread",
    "slippage_bps": "2",
    "max_imbalance": "5",
    "fill": "next_open",
    "use_funding": "true",
}
LAST: Final = {"1y": 365, "90d": 90, "30d": 30, "7d": 7}
"""Days that the quick choices reach back from the last bar."""
BOTS_TRIED: Final = 3


@dataclass
class BacktestForm(BotForm):
    """`filled_for` names the pair whose rules, and the bars whose time, were filled in."""

    filled_for: str = ""
    bot_id: int | None = None

    def data(self) -> dict[str, Any]:
        """For `trading.backtests.drafts`."""
        sent: dict[str, Any] = dict(self.values)
        sent |= {name: typed_number(sent[name]) for name in NUMBERS}
        sent |= {name: typed_instant(sent[name]) for name in INSTANTS if sent[name]}
        sent = {name: text for name, text in sent.items() if not name.startswith((PREFIX, SIZE_PREFIX))}
        sent |= {STRATEGY_PARAMS: typed_params(self.values), SIZING: typed_sizes(self.values)}
        return sent | {"dca_config": [row.sent() for row in self.rows]}

    @property
    def needs_advanced(self) -> bool:
        return not ADVANCED.isdisjoint(self.errors)

    @property
    def place(self) -> str:
        return "|".join(self.values[name] for name in PLACE)


def form_from_post(post: QueryDict) -> BacktestForm:
    values = {name: post.get(name, "") for name in FIELDS}
    values |= {name: "true" if post.get(name) else "false" for name in FLAGS}
    values |= param_values(values["strategy"], posted_params(post)) | size_values(posted_sizes(post))
    pairs = zip(post.getlist("ladder_spread"), post.getlist("ladder_multiplier"), strict=False)
    rows = [LadderRow(level, spread, factor) for level, (spread, factor) in enumerate(pairs, start=1)]
    bot_id = post.get("bot", "")
    return BacktestForm(
        values,
        rows[: LEVELS_MAX + 1],
        filled_for=post.get("filled_for", ""),
        bot_id=int(bot_id) if bot_id.isdecimal() and len(bot_id) < 19 else None,
    )


def form_from_bot_form(post: QueryDict, exchange: str) -> BacktestForm:
    """From what stands in the form of a bot that need not be saved."""
    form = form_from_post(post)
    form.values |= DEFAULTS | {
        "name": post.get("bot_name", ""),
        "exchange": exchange,
        "max_imbalance": post.get("max_imbalance", ""),
        "pause_after_close": "false",
        **dict.fromkeys(INSTANTS, ""),
        **{name: _canonical(post.get(name, "")) for name in ("market1_symbol", "market2_symbol")},
    }
    return form


def blank_form() -> BacktestForm:
    """A bot's defaults, 100 per order, a cap that the whole default ladder fits under; it goes on after each close."""
    values = dict.fromkeys(FIELDS, "") | DEFAULTS | size_values({})
    values |= {name: _shown(default_of(name)) for name in OF_A_BOT if name not in ("max_position_value",)}
    values |= {"investment_per_order": "100.00", "pause_after_close": "false"}
    form = BacktestForm(values, preset_rows(DEFAULT_PRESET))
    values["max_position_value"] = shown_number(round(200 * sum(float(row.multiplier) for row in form.rows), 2))
    return form


def form_of_bot(bot: Bot) -> BacktestForm:
    """Its own settings, since its own start where the store reaches back so far; run on after each close."""
    values = dict.fromkeys(FIELDS, "") | DEFAULTS
    values |= {name: _shown(getattr(bot, name)) for name in OF_A_BOT}
    values |= {
        **param_values(bot.strategy, bot.strategy_params),
        **size_values(bot.sizing),
        "name": bot.bot_name,
        "strategy": bot.strategy,
        "exchange": history_exchange(bot.exchange_account),
        "market1_symbol": bot.market1_symbol,
        "market2_symbol": bot.market2_symbol,
        "timeframe": bot.timeframe,
        "leverage": str(bot.leverage),
        "max_imbalance": shown_number(bot.max_imbalance),
        "pause_after_close": "false",
    }
    return BacktestForm(values, _rows(bot.dca_config[: bot.max_dca_times]), bot_id=bot.pk)


def form_of_backtest(backtest: Backtest) -> BacktestForm:
    """The same run again, to be changed."""
    given = backtest.parameters
    values = dict.fromkeys(FIELDS, "") | DEFAULTS
    values |= {name: _shown_given(name, given[name]) for name in FIELDS if given.get(name) is not None}
    values |= {name: shown_number(Decimal(str(given[name])) * 100) for name in PERCENT if given.get(name) is not None}
    values |= param_values(backtest.strategy, given.get(STRATEGY_PARAMS) or {})
    values |= size_values(given.get(SIZING) or {})
    values |= {
        "name": backtest.name,
        "strategy": backtest.strategy,
        "exchange": backtest.exchange,
        "market1_symbol": backtest.market1_symbol,
        "market2_symbol": backtest.market2_symbol,
        "timeframe": backtest.timeframe,
        "since": shown_instant(backtest.since) if backtest.since else "",
        "until": shown_instant(backtest.until) if backtest.until else "",
        "start_time": _shown_start(given.get("start_time")),
        "use_funding": _shown(backtest.use_funding),
    }
    levels = given.get("max_dca_times", len(given["dca_config"]))
    form = BacktestForm(values, _rows(given["dca_config"][:levels]), bot_id=backtest.bot_id)
    form.filled_for = form.place
    return form


def choose_markets(form: BacktestForm, catalogue: Catalogue, wished: Mapping[str, str]) -> None:
    """Those of the address, else the store's longest pair, where the form does not say."""
    for field, name in (("exchange", "exchange"), ("market1_symbol", "market1"), ("market2_symbol", "market2")):
        form.values[field] = form.values[field] or wished.get(name, "")
    form.values["timeframe"] = form.values["timeframe"] or wished.get("timeframe", "")
    if not any(form.values[name] for name in ("exchange", "market1_symbol", "market2_symbol")):
        chosen = catalogue.first_pair() or ("", "", "")
        form.values |= dict(zip(PLACE, (*chosen, form.values["timeframe"]), strict=True))


def usual_markets(bots: QuerySet[Bot], catalogue: Catalogue) -> dict[str, str]:
    """As the address would name them: those of the newest bot whose pair is stored; empty where none is."""
    for bot in bots.order_by("-pk")[:BOTS_TRIED]:
        exchange = history_exchange(bot.exchange_account)
        if catalogue.timeframes(exchange, bot.market1_symbol, bot.market2_symbol):
            return {"exchange": exchange, "market1": bot.market1_symbol, "market2": bot.market2_symbol}
    return {}


def fill_in(form: BacktestForm, catalogue: Catalogue) -> None:
    """What follows from markets that were chosen anew: candle length, time, fees, lots and minimums of the venue."""
    values = form.values
    _fit_place(form, catalogue)
    before = form.filled_for.split("|") if form.filled_for else [""] * len(PLACE)
    if before == form.place.split("|"):
        return
    overlap = catalogue.overlap(*(values[name] for name in PLACE))
    if overlap is not None:
        _fit_times(values, overlap, is_other=bool(form.filled_for))
    if before[:3] != form.place.split("|")[:3]:
        values |= _venue_values(values)
    form.filled_for = form.place


def reach_back(form: BacktestForm, catalogue: Catalogue, name: str) -> None:
    """The quick choices of time: all of it, or so many days until the last bar."""
    overlap = catalogue.overlap(*(form.values[field] for field in PLACE))
    if overlap is None:
        return
    since = overlap.since
    if name in LAST:
        since = max(since, overlap.until - timedelta(days=LAST[name]))
    form.values |= {"since": shown_instant(since), "until": shown_instant(overlap.until)}


def _fit_place(form: BacktestForm, catalogue: Catalogue) -> None:
    """Markets that the exchange has, a candle length that both have; other choices are left to say what is wrong."""
    values = form.values
    if values["exchange"] not in catalogue.exchanges and len(catalogue.exchanges) == 1:
        values["exchange"] = catalogue.exchanges[0]
    known = [market.symbol for market in catalogue.markets(values["exchange"])]
    if form.filled_for and form.filled_for.split("|")[0] != values["exchange"] and len(known) > 1:
        for name, partner in (SYMBOLS, SYMBOLS[::-1]):
            if values[name] not in known:
                values[name] = next(symbol for symbol in known if symbol != values[partner])
    names = catalogue.timeframes(values["exchange"], values["market1_symbol"], values["market2_symbol"])
    if names and values["timeframe"] not in names:
        values["timeframe"] = names[0]


def _fit_times(values: dict[str, str], overlap: Overlap, *, is_other: bool) -> None:
    """The whole common time; a begin and an end that lie within it stay while only the candle length changes."""
    since, until = shown_instant(overlap.since), shown_instant(overlap.until)
    keeps = not is_other and since <= values["since"] < until
    values["since"] = values["since"] if keeps else since
    values["until"] = values["until"] if not is_other and values["since"] < values["until"] <= until else until


def _venue_values(values: Mapping[str, str]) -> dict[str, str]:
    exchange, one, two, timeframe = (values[name] for name in PLACE)
    if exchange not in Exchange.values or timeframe not in TIMEFRAME_MS:
        return {}
    rules = [venue_rules(exchange, symbol, timeframe) for symbol in (one, two)]
    found = {name: "" for name in OF_THE_VENUE}
    for leg, market in enumerate(rules, start=1):
        if market is not None:
            found |= _market_values(market, leg)
    return found


def _market_values(rules: MarketRules, leg: int) -> dict[str, str]:
    return {
        "taker_fee": shown_number(rules.taker_fee * 100),
        "maker_fee": shown_number(rules.maker_fee * 100),
        f"lot_step{leg}": shown_number(rules.amount_step, least=0),
        f"min_amount{leg}": shown_number(rules.amount_min, least=0),
        f"min_notional{leg}": shown_number(rules.notional_min),
    }


def _rows(ladder: list[dict[str, Any]]) -> list[LadderRow]:
    return [
        LadderRow(level, shown_number(row["spread"]), shown_number(row["multiplier"]))
        for level, row in enumerate(ladder, start=1)
    ]


def _shown_given(name: str, value: Any) -> str:
    """Parameters are kept as they were sent, as text or numbers."""
    if name in LOTS:
        return shown_number(value, least=0)
    return shown_number(value) if name in NUMBERS else _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal | float):
        return shown_number(value)
    return str(value)


def _canonical(symbol: str) -> str:
    try:
        return canonical(symbol)
    except ValueError:
        return ""


def _shown_start(value: Any) -> str:
    if value in (None, ""):
        return ""
    moment = datetime.fromisoformat(value) if isinstance(value, str) and not value.isdigit() else from_ms(int(value))
    return shown_instant(moment)
