"""A bot's own rules as the settings of a back-test."""

from typing import Any, Final

from bots.amounts import decimal_text
from bots.models import Bot
from exchanges.contract_rules import rules_of
from exchanges.history import candles
from exchanges.history.simulated_shelf import history_exchange, is_on_shelf, rules_of_account
from trading.core.sizing import MarketRules

AS_TEXT: Final = ("investment_per_order", "max_position_value", "profit_ratio", "stop_loss_ratio")
FEES: Final = ("taker_fee", "maker_fee")
AS_IS: Final = (
    "leverage",
    "margin_mode",
    "order_type_open",
    "order_type_close",
    "dca_config",
    "max_dca_times",
    "profit_mode",
    "pause_after_close",
    "restart_after_stop_loss",
    "opening",
    "allowed_side",
    "pnl_basis",
)


def settings_of_bot(bot: Bot) -> dict[str, Any]:
    """What `services.backtest_create` takes; all that is stored of both markets, as the bot's start may lie outside."""
    return {
        "name": bot.bot_name,
        "strategy": bot.strategy,
        "exchange": history_exchange(bot.exchange_account),
        "market1_symbol": bot.market1_symbol,
        "market2_symbol": bot.market2_symbol,
        "timeframe": bot.timeframe,
        "parameters": parameters_of_bot(bot),
    }


def parameters_of_bot(bot: Bot) -> dict[str, Any]:
    """Fees, lots and minimums are the venue's. A profit ratio that only means "get me out" is left to its default."""
    texts = {
        name: decimal_text(getattr(bot, name)) for name in AS_TEXT if name != "profit_ratio" or bot.profit_ratio > 0
    }
    own = {"max_imbalance": decimal_text(bot.max_imbalance / 100)} | _own_parameters(bot)
    return texts | {name: getattr(bot, name) for name in AS_IS} | own | _market_parameters(bot)


def _own_parameters(bot: Bot) -> dict[str, Any]:
    own = {"strategy_params": bot.strategy_params, "sizing": bot.sizing}
    return {name: value for name, value in own.items() if value}


def _market_parameters(bot: Bot) -> dict[str, Any]:
    """Nothing for a market of which nothing is known."""
    found = [_rules(bot, symbol) for symbol in map(bot.symbol_of, bot.legs)]
    sizes: dict[str, Any] = {}
    for leg, rules in enumerate(found, start=1):
        if rules:
            sizes |= {f"lot_step{leg}": decimal_text(rules.amount_step)}
            sizes |= {f"min_amount{leg}": decimal_text(rules.amount_min)}
            sizes |= {f"min_notional{leg}": decimal_text(rules.notional_min)}
    known = [rules for rules in found if rules]
    return sizes | ({name: decimal_text(max(getattr(it, name) for it in known)) for name in FEES} if known else {})


def _rules(bot: Bot, symbol: str) -> MarketRules | None:
    account = bot.exchange_account
    venue = account.rules_venue
    try:
        if is_on_shelf(account):
            return rules_of_account(account, symbol)
        return rules_of(venue, symbol, candles.load(venue, symbol, bot.timeframe)).rules
    except LookupError:
        return None
