import subprocess
import sys
from pathlib import Path

from trading.core.compiled import kernel, plain

ROOT = Path(__file__).resolve().parents[3]

SCRIPT = """
from pathlib import Path
import numba, shapes
print(shapes.area(3.0, 2.0), len(list(Path(numba.config.CACHE_DIR).rglob("*.nbc"))))
"""


def inner(x: float) -> float:
    return x * 0.1


compiled_inner = kernel(inner)


@kernel
def outer(x: float) -> float:
    return compiled_inner(x) + 1.0


def test_plain_replaces_what_it_calls() -> None:
    source = plain(outer)
    assert source(3.0) == outer(3.0)
    assert source.__globals__["compiled_inner"] is not compiled_inner


def test_the_cache_is_found_again_and_never_stale(tmp_path: Path) -> None:
    """A second process loads what the first compiled; a changed source is compiled anew."""
    module = tmp_path / "shapes.py"
    source = "from trading.core.compiled import kernel\n\n@kernel\ndef area(a, b):\n    return a * b\n"
    module.write_text(source)
    environment = {
        "PYTHONPATH": f"{tmp_path}:{ROOT}",
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
        "HOME": str(tmp_path),
    }

    def run() -> str:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True, timeout=120
        )
        return done.stdout.strip()

    assert run() == "6.0 1"
    assert run() == "6.0 1"
    module.write_text(source.replace("a * b", "a + b"))
    assert run() == "5.0 2"
