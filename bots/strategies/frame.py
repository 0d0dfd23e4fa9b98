"""Whether what a strategy wants fits the bot's common settings and its position: as a back-test looks at it."""

from dataclasses import dataclass, field
from typing import Any, Final

from trading.core.compiled import plain
from trading.core.fills import FILLED, OVER_CAP, Lots, level_refusal
from trading.core.rules import side_allowed
from trading.core.types import ADD, FLAT, NONE, OPEN, Config, Decision, State

_level_refusal: Final = plain(level_refusal)


@dataclass(frozen=True, slots=True)
class Misfit:
    """`code` is a reason of the journal, `figures` its numbers."""

    code: str
    figures: dict[str, Any] = field(default_factory=dict)


def misfit(config: Config, state: State, decision: Decision, markets: int) -> Misfit | None:
    """Why it must not be carried out; None where it may. `markets`: how many the strategy trades."""
    if decision.action == NONE:
        return None
    if decision.action not in (OPEN, ADD):
        return Misfit("misfit") if state.side == FLAT else None
    lots = Lots(0.0, 0.0, 0.0, leg2=markets - 1.0)
    refusal = _level_refusal(config, lots, state, decision)
    if refusal == FILLED:
        return None
    if refusal == OVER_CAP:
        needed = markets * (state.invested + config.investment * config.multipliers[state.level])
        return Misfit("cap", {"needed": needed, "allowed": config.cap})
    if decision.action == OPEN and decision.side != FLAT and not side_allowed(config, decision.side):
        return Misfit("side", {"side": decision.side})
    return Misfit("levels", {"levels": config.levels}) if state.level >= config.levels else Misfit("misfit")
