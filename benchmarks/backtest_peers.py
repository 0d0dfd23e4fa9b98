"""Other engines on the same prices, each in a process of the peers' own environment."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.bare_kernel import FEE, INVESTMENT, SLIPPAGE
from trading.core.candles import Tape
from trading.core.types import Config

ROOT = Path(__file__).resolve().parent
PYTHON = Path(os.environ.get("PEERS_PYTHON", ROOT.parent / ".local" / "peers" / "bin" / "python"))
PEERS = {"vectorbt": "vectorbt_pair.py", "backtrader": "backtrader_pair.py"}


@dataclass(frozen=True)
class Peer:
    """Median CPU `seconds`, or the reason why it did not run."""

    name: str
    seconds: float | None = None
    cycles: int = 0
    equity: float = 0.0
    skipped: str = ""


def peers(year: Tape, rules: Config, rounds: dict[str, int]) -> Iterator[Peer]:
    """`rounds` by peer, 0 to leave one out."""
    with tempfile.TemporaryDirectory() as folder:
        prices, parameters = Path(folder) / "prices.npy", Path(folder) / "rules.json"
        np.save(prices, np.stack([year.closes1, year.closes2]))
        parameters.write_text(json.dumps(_rules(rules)))
        for name, file in PEERS.items():
            yield _measured(name, [file, str(prices), str(parameters), str(rounds[name])])


def _measured(name: str, arguments: list[str]) -> Peer:
    if arguments[-1] == "0":
        return Peer(name, skipped="left out: minutes for bars that it holds as objects")
    if not PYTHON.exists():
        return Peer(name, skipped="not installed: see benchmarks/peers/requirements.txt")
    done = subprocess.run([PYTHON, *arguments], cwd=ROOT / "peers", capture_output=True, text=True)
    if done.returncode:
        return Peer(name, skipped=f"failed: {done.stderr.strip().splitlines()[-1]}")
    found = json.loads(done.stdout)
    return Peer(name, found["seconds"], found["cycles"], found["equity"])


def _rules(rules: Config) -> dict[str, object]:
    levels = rules.levels
    return {
        "investment": INVESTMENT,
        "fee": FEE,
        "slippage": SLIPPAGE,
        "take_profit": rules.take_profit,
        "stop_loss": rules.stop_loss,
        "spreads": rules.spreads[:levels],
        "multipliers": rules.multipliers[:levels],
    }
