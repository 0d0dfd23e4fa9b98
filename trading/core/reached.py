"""The decision for many bots at once, read-only: which of them have anything to do on this tick."""

from collections.abc import Sequence

import numpy as np
from numba.np.unsafe.ndarray import to_fixed_tuple
from numpy.typing import NDArray

from trading.core.compiled import kernel
from trading.core.decide import decide, decide_exit_only
from trading.core.types import LEVELS_MAX, Config, Quote, State

Rows = NDArray[np.float64]

_COLUMNS = 2 * LEVELS_MAX + len(Config._fields) - 2


def config_row(config: Config) -> Rows:
    """A config as one row of numbers, to be kept with the bot: it changes far less often than it is used."""
    return np.array((*config.spreads, *config.multipliers, *config[2:]), dtype=np.float64)


def reached(
    configs: Rows,
    states: Sequence[State] | Rows,
    quotes: Sequence[Quote] | Rows,
    entries_allowed: Sequence[bool] | NDArray[np.bool_],
) -> NDArray[np.int64]:
    """The action code that `decide` gives for each bot; for bots without entries that of `decide_exit_only`.

    `configs` holds one `config_row` per bot (`numpy.array` of a list of them); states and quotes are lists of tuples
    or arrays with their fields as columns. Quotes that are not numbers reach nothing. Raises ValueError.
    """
    config_rows = np.ascontiguousarray(configs, dtype=np.float64).reshape(-1, _COLUMNS)  # no bots: still a table
    state_rows = np.asarray(states, dtype=np.float64).reshape(-1, len(State._fields))
    quote_rows = np.asarray(quotes, dtype=np.float64).reshape(-1, len(Quote._fields))
    allowed = np.asarray(entries_allowed, dtype=np.bool_)
    if not len(config_rows) == len(state_rows) == len(quote_rows) == len(allowed):
        raise ValueError(
            f"{len(config_rows)} bots, {len(state_rows)} states, {len(quote_rows)} quotes, {len(allowed)} flags"
        )
    return _reached(config_rows, state_rows, quote_rows, allowed)


@kernel
def _reached(configs: Rows, states: Rows, quotes: Rows, entries_allowed: NDArray[np.bool_]) -> NDArray[np.int64]:
    actions = np.empty(len(configs), dtype=np.int64)
    for i in range(len(configs)):
        config = config_from_row(configs[i])
        s, q = states[i], quotes[i]
        state = State(int(s[0]), int(s[1]), s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9], s[10])
        quote = Quote(q[0], q[1], q[2], q[3], q[4], q[5])
        if entries_allowed[i]:
            actions[i] = decide(config, state, quote).action
        else:
            actions[i] = decide_exit_only(config, state, quote).action
    return actions


@kernel
def config_from_row(row: Rows) -> Config:
    """The config that `config_row` made the row of."""
    rest = row[2 * LEVELS_MAX :]
    return Config(
        to_fixed_tuple(row[:LEVELS_MAX], LEVELS_MAX),  # type: ignore[call-arg]
        to_fixed_tuple(row[LEVELS_MAX : 2 * LEVELS_MAX], LEVELS_MAX),  # type: ignore[call-arg]
        rest[0],
        rest[1],
        int(rest[2]),
        rest[3] != 0.0,
        rest[4],
        rest[5],
        rest[6] != 0.0,
        rest[7] != 0.0,
        rest[8] != 0.0,
        rest[9] != 0.0,
        rest[10],
        rest[11],
        rest[12],
        rest[13],
        rest[14],
    )
