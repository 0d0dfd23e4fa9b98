"""What a bot waits for, in one sentence. The templates are also handed to pages, which fill in fresh figures."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from bots.models import Bot, BotStatus, DecideOn
from trading.core.triggers import Triggers
from trading.core.types import FLAT, Config, State

SPREAD = "spread"
WAITING = {
    "opens_either_way": _("Waits for the spread to rise {up} pp or to fall {down} pp to open."),
    "opens_higher": _("Waits for the spread to rise {up} pp to open."),
    "opens_lower": _("Waits for the spread to fall {down} pp to open."),
    "opens_never": _("Opens nothing: the maximum position is below the first order."),
    "opens_later": _("Opens nothing before {until} UTC, after entries that were not filled."),
    "opens_nothing": _("Opens nothing: the take profit is 0 or below."),
    "adds_or_closes": _(
        "Waits for the spread to widen {add} pp to add level {level}, or to narrow {close} pp to take profit."
    ),
    "adds": _("Waits for the spread to widen {add} pp to add level {level}."),
    "closes": _("The ladder is full: waits for the spread to narrow {close} pp to take profit."),
    "closes_over_cap": _(
        "Level {level} would exceed the maximum position: waits for the spread to narrow {close} pp to take profit."
    ),
    "holds": _("Holds both legs."),
    "acts_at_close": _("Acts when the candle of {timeframe} closes."),
    "acts": _("Acts now."),
    "signal_flat": _("Waits for a signal of its strategy at the close of the next {timeframe} candle."),
    "signal_holds": _("Holds until a signal of its strategy, looked for at the close of every {timeframe} candle."),
    "paused_flat": _("Paused: opens nothing."),
    "paused_in_position": _("Paused: adds nothing, takes profit when the spread narrows {close} pp."),
    "paused_holding": _("Paused: adds nothing, stop loss and take profit stay armed."),
    "frozen": _("Paused and frozen: stop loss and take profit are off."),
    "error_flat": _("Stopped by an error: opens nothing."),
    "error_in_position": _("Stopped by an error: adds nothing, stop loss and take profit stay armed."),
    "stopped_flat": _("Stopped."),
    "stopped_in_position": _("Stopped: the position is yours to look after."),
}


def waiting_sentence(waiting: dict[str, Any]) -> str:
    """In the language that is active now; `waiting` as in `live_figures`."""
    return str(WAITING[waiting["code"]]).format(**waiting["params"])


def waiting_of(bot: Bot, config: Config, state: State, triggers: Triggers, at: datetime) -> dict[str, Any]:
    """{"code", "params"}; distances are texts with two decimals. `at` is market time."""
    if bot.status == BotStatus.RUNNING and bot.strategy != SPREAD:
        return _signal(bot, config, state, at)
    if bot.status == BotStatus.RUNNING and state.side == FLAT:
        return _opening(bot, config, triggers, at)
    if bot.status == BotStatus.RUNNING:
        return _holding(bot, config, state, triggers)
    if bot.status == BotStatus.PAUSED and bot.freeze_exits:
        return _waiting("frozen")
    where = "flat" if state.side == FLAT else "in_position"
    if bot.status == BotStatus.PAUSED and state.side != FLAT:
        close = _way_to_close(state, triggers)
        return _waiting("paused_holding") if close is None else _waiting("paused_in_position", close=_text(close))
    return _waiting(f"{bot.status}_{where}")


def _holding(bot: Bot, config: Config, state: State, triggers: Triggers) -> dict[str, Any]:
    add, close = _way_to_add(state, triggers), _way_to_close(state, triggers)
    if (add is not None and add <= 0) or (close is not None and close <= 0):
        return _acting(bot)
    level = state.level + 1
    if add is not None:
        code, more = ("adds", {}) if close is None else ("adds_or_closes", {"close": _text(close)})
        return _waiting(code, add=_text(add), level=level, **more)
    if close is None:
        return _waiting("holds")
    if state.level < config.levels:
        return _waiting("closes_over_cap", close=_text(close), level=level)
    return _waiting("closes", close=_text(close))


def _opening(bot: Bot, config: Config, triggers: Triggers, at: datetime) -> dict[str, Any]:
    if config.take_profit <= 0:
        return _waiting("opens_nothing")
    if bot.entries_wait_until and bot.entries_wait_until > at:
        return _waiting("opens_later", until=f"{bot.entries_wait_until:%H:%M}")
    up, down = triggers.distance(triggers.rises_to), triggers.distance(triggers.falls_to)
    if up is None and down is None:
        return _waiting("opens_never")
    if (up is not None and up <= 0) or (down is not None and down >= 0):
        return _acting(bot)
    if down is None:
        return _waiting("opens_higher", up=_text(up or 0.0))
    if up is None:
        return _waiting("opens_lower", down=_text(-down))
    return _waiting("opens_either_way", up=_text(up), down=_text(-down))


def _signal(bot: Bot, config: Config, state: State, at: datetime) -> dict[str, Any]:
    if state.side != FLAT:
        return _waiting("signal_holds", timeframe=bot.timeframe)
    if bot.entries_wait_until and bot.entries_wait_until > at:
        return _waiting("opens_later", until=f"{bot.entries_wait_until:%H:%M}")
    if len(bot.legs) * config.investment * config.multipliers[0] > config.cap:
        return _waiting("opens_never")
    return _waiting("signal_flat", timeframe=bot.timeframe)


def _acting(bot: Bot) -> dict[str, Any]:
    if bot.decide_on == DecideOn.CANDLE_CLOSE:
        return _waiting("acts_at_close", timeframe=bot.timeframe)
    return _waiting("acts")


def _way_to_add(state: State, triggers: Triggers) -> float | None:
    """How much the spread still has to widen; it widens towards the side that loses."""
    trigger = triggers.rises_to if triggers.falls_to is None else triggers.falls_to
    return None if trigger is None else -state.side * (trigger - triggers.spread)


def _way_to_close(state: State, triggers: Triggers) -> float | None:
    return None if triggers.take_profit is None else state.side * (triggers.take_profit - triggers.spread)


def _waiting(code: str, **params: Any) -> dict[str, Any]:
    return {"code": code, "params": params}


def _text(distance: float) -> str:
    return f"{distance:.2f}"
