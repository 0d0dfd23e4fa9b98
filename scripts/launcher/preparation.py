"""What has to be done before the programs start, each only when what it depends on has changed since."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from launcher.errors import LaunchError
from launcher.home import ROOT, Home, read_json, write_private_json
from launcher.processes import Program
from launcher.programs import manage
from launcher.supervisor import Supervisor

Finish = Callable[[], None]
LOCKS = (ROOT / "requirements.lock", ROOT / "package-lock.json")


@dataclass(frozen=True)
class Step:
    """A management command, the digest of its inputs, and a file whose absence makes it due whatever the digest."""

    name: str
    arguments: tuple[str, ...]
    digest: str
    result: Path | None = None

    def is_due(self, home: Home) -> bool:
        missing = self.result is not None and not self.result.exists()
        return missing or read_json(home.prepared).get(self.name) != self.digest


def by_content(files: Iterable[Path]) -> str:
    content = hashlib.sha256()
    for file in sorted(files):
        content.update(str(file).encode() + b"\0" + file.read_bytes())
    return content.hexdigest()


def by_time(files: Iterable[Path]) -> str:
    content = hashlib.sha256()
    for file in sorted(files):
        status = file.stat()
        content.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return content.hexdigest()


def _migrations() -> list[Path]:
    return [*ROOT.glob("*/migrations/*.py"), LOCKS[0]]


def migrate() -> Step:
    return Step("migrate", ("migrate", "--no-input", "-v", "0"), by_content(_migrations()))


def collect_static(home: Home) -> Step:
    files = [file for file in (ROOT / "static").rglob("*") if file.is_file()]
    digest = by_time([*files, *LOCKS, ROOT / "chainmakes" / "settings.py"])
    manifest = home.path / "static" / "staticfiles.json"
    return Step("collectstatic", ("collectstatic", "--no-input", "-v", "0"), digest, manifest)


def set_up_demo(home: Home) -> Step:
    command = ROOT.glob("*/management/commands/setup_demo.py")
    return Step("setup_demo", ("setup_demo",), by_content([*command, *_migrations()]), home.demo)


def compile_kernels(home: Home) -> Step:
    sources = by_content([*(ROOT / "trading" / "core").glob("*.py"), LOCKS[0]])
    return Step("compile_kernels", ("compile_kernels",), sources, home.path / "numba")


def compile_strategies(home: Home) -> Step:
    """Behind everything else: until it is done they run in plain Python."""
    folders = (ROOT / "trading" / "core", ROOT / "trading" / "strategies")
    sources = by_content([*(file for folder in folders for file in folder.glob("*.py")), LOCKS[0]])
    return Step("compile_strategies", ("compile_kernels", "--strategies"), sources, home.path / "numba")


def show_demo(home: Home) -> Step:
    """Waits for workers, so it is run beside them."""
    command = ROOT.glob("*/management/commands/show_demo.py")
    return Step("show_demo", ("show_demo",), by_content([*command, *_migrations()]), home.demo)


def begin(
    supervisor: Supervisor, step: Step, environment: Mapping[str, str], *, always: bool = False, niceness: int = 0
) -> Finish:
    """Starts the step if it is due; the answer waits for its end and notes that it was done."""
    home = supervisor.home
    if not (always or step.is_due(home)):
        return lambda: None
    program = Program(
        f"manage.py {step.arguments[0]}", manage(*step.arguments), environment, stop_rank=0, niceness=niceness
    )
    finish = supervisor.begin(program, home.logs / f"{step.name}.log")

    def finish_and_note() -> None:
        finish()
        write_private_json(home.prepared, read_json(home.prepared) | {step.name: step.digest})

    return finish_and_note


def peacefully(supervisor: Supervisor, finish: Finish) -> None:
    """What only makes things nicer or faster ends nothing when it fails."""
    try:
        finish()
    except LaunchError as error:
        supervisor.report("note", str(error))
