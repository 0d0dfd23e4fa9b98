"""What users ask of a bot (`bots.intents`), carried out by the engine under the lease before it decides.

Each kind has one function: it goes as far as it can now and says whether nothing of the wish is left to do. It may be
called any number of times, by whoever holds the lease.
"""

from collections.abc import Callable, Mapping

from bots import intents, services
from bots.models import BotStatus, Intent, IntentKind, IntentStatus
from trading.closing import position_close, view_or_none
from trading.models import CloseReason, TradingState
from trading.reconciliation.adopt import adopt
from trading.reconciliation.rest import close_rest, everything_closed
from trading.tick import Tick

Wish = Callable[[Tick, Intent], bool]


def wish_fulfil(tick: Tick, intent: Intent) -> bool:
    """False while it is under way. One that its function refused keeps that answer. Raises LeaseLost."""
    if not WISHES[IntentKind(intent.kind)](tick, intent):
        return False
    intents.intent_settle(intent, IntentStatus.DONE, now=tick.now)
    return True


def close(tick: Tick, intent: Intent) -> bool:
    """Whoever asked for a close does not want the next opening; only a time stop goes on where every close does."""
    if intent.user_id is None and tick.switch == TradingState.HALTED:
        return False  # the program's own close waits; a person's does not
    reason = CloseReason(intent.details.get("reason") or CloseReason.MANUAL)
    if not _flat(tick, reason):
        return False
    goes_on = reason == CloseReason.TIME_STOP and not tick.bot.pause_after_close
    if goes_on or reason == CloseReason.STOP_LOSS:  # which pauses by a switch of its own
        return True
    if tick.bot.status == BotStatus.RUNNING:
        services.bot_pause(actor=None, bot=tick.bot, now=tick.now, reason="after_close")
        tick.reload()
    return True


def close_and_stop(tick: Tick, intent: Intent) -> bool:
    return _flat(tick, CloseReason.MANUAL) and _stopped(tick, "by_user")


def flatten(tick: Tick, intent: Intent) -> bool:
    """The venue's own market orders straight away: neither quotes nor P&L are looked at. What an earlier cycle left
    goes as well."""
    tick.hurry = True
    return everything_closed(tick, intent, CloseReason.KILL_SWITCH) and _stopped(tick, "kill_switch")


WISHES: Mapping[IntentKind, Wish] = {
    IntentKind.CLOSE: close,
    IntentKind.CLOSE_AND_STOP: close_and_stop,
    IntentKind.FLATTEN: flatten,
    IntentKind.ADOPT: adopt,
    IntentKind.CLOSE_REST: close_rest,
}


def bookings_fulfil(tick: Tick) -> None:
    """What only books comes before all else: a trade under way may be waiting for just that. Raises LeaseLost."""
    for intent in intents.intents_waiting(tick.bot):
        if intent.kind == IntentKind.ADOPT:
            wish_fulfil(tick, intent)


def closing_asked(tick: Tick) -> bool:
    """Whether a wish to close the whole position waits that may be carried out now."""
    if not tick.asked:
        return False
    return any(_closes(tick, intent) for intent in intents.intents_waiting(tick.bot))


def stop_loss_wish(tick: Tick) -> None:
    intents.intent_create(
        actor=None,
        bot=tick.bot,
        kind=IntentKind.CLOSE,
        idempotency_key=f"stop-loss-{tick.bot.current_cycle}-{tick.bot.level}",
        details={"reason": CloseReason.STOP_LOSS},
    )


def _closes(tick: Tick, intent: Intent) -> bool:
    if intent.kind == IntentKind.CLOSE:
        return intent.user_id is not None or tick.switch != TradingState.HALTED
    if intent.kind == IntentKind.CLOSE_REST:
        return not {"keep", "only"} & intent.details.keys()
    return intent.kind in (IntentKind.CLOSE_AND_STOP, IntentKind.FLATTEN)


def _flat(tick: Tick, reason: CloseReason) -> bool:
    """True once nothing is held; sends the closing orders if need be."""
    if tick.bot.is_flat:
        return True
    if not position_close(tick, reason, None if tick.hurry else view_or_none(tick)):
        return False
    tick.reload()
    return tick.bot.is_flat


def _stopped(tick: Tick, reason: str) -> bool:
    """Before the wish counts as done."""
    if tick.bot.status != BotStatus.STOPPED:
        services.bot_stop(actor=None, bot=tick.bot, now=tick.now, reason=reason)
        tick.reload()
    return True
