"""`test.sh`: linters, types, contracts and Django's own checks, then the tests on real servers."""

import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from launcher.errors import LaunchError
from launcher.foreground import Foreground, Interrupted
from launcher.home import ROOT, Home
from launcher.ownership import Guest, claim
from launcher.programs import PYTHON, manage
from launcher.session import Session

BIN = ROOT / ".venv" / "bin"
PYTEST = [PYTHON, "-m", "pytest"]
# Tests of one group share something slow (a launched installation, a browser) and so run in one process.
PARALLEL = ["-n", "3", "--dist", "loadgroup"]  # many tests wait for a server or a clock
PLAIN_STATIC_FILES = {"STATICFILES_BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
SOURCES = [str(ROOT / name) for name in ("accounts", "bots", "chainmakes", "exchanges", "trading", "scripts")]
AUDIT_HOST = "api.osv.dev"
AUDIT_PATIENCE_S = 3.0
AUDIT = [
    *(
        str(BIN / "pip-audit"),
        "--vulnerability-service",
        "osv",
        "--no-deps",
        "--disable-pip",
        "--progress-spinner",
        "off",
    ),
    *("--requirement", str(ROOT / "requirements.lock")),
]


@dataclass(frozen=True)
class Check:
    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)


def static_checks() -> list[Check]:
    return [
        Check("ruff check", [str(BIN / "ruff"), "check", str(ROOT)]),
        Check("ruff format", [str(BIN / "ruff"), "format", "--check", str(ROOT)]),
        Check("mypy", [PYTHON, "-m", "mypy"]),
        Check("import contracts", [str(BIN / "lint-imports")]),
        Check("migrations", manage("makemigrations", "--check", "--dry-run")),
        Check("check --deploy", manage("check", "--deploy", "--fail-level", "WARNING"), {"SECURE": "1"}),
        Check("collectstatic", manage("collectstatic", "--no-input", "-v", "0")),
        # Severity low is left out: asserts that tell mypy a type (nothing runs with -O), starting our own programs
        # without a shell, and chance that only spreads retries. Exceptions above that stand at their lines.
        Check("bandit", [str(BIN / "bandit"), "-q", "-ll", "-c", str(ROOT / "pyproject.toml"), "-r", *SOURCES]),
        Check("djlint", [str(BIN / "djlint"), str(ROOT / "templates"), "--lint", "--quiet"]),
    ]


def dependencies_audited(say: Callable[[str], None], run: Callable[[list[str]], int]) -> bool:
    """False when a locked dependency has a known hole. Where its data cannot be reached nothing was learnt, which is
    said and is no failure."""
    try:
        socket.create_connection((AUDIT_HOST, 443), timeout=AUDIT_PATIENCE_S).close()
    except OSError:
        say("\n== pip-audit: not done, its data cannot be reached from here")
        return True
    return not run(AUDIT)


def check(arguments: list[str]) -> int:
    """Exit status 0 when everything passed. The last line is pytest's, or counts what failed before it as well."""
    home = Home.from_environment(default=".local/test")
    home.create()
    role = claim(home)
    if isinstance(role, Guest):
        raise LaunchError(
            f"{home.path} is in use by another command; wait for it or set CHAINMAKES_HOME to another folder."
        )
    session, foreground = Session.of(home), Foreground(sys.stderr)
    background = session.in_background(role, session.servers_for_tests if arguments else session.servers_for_all_checks)
    with foreground.dismissing(background):
        environment = session.environment | foreground.wait_for_ready(background)

        def passes(name: str, command: list[str], more: dict[str, str]) -> bool:
            foreground.say(f"\n== {name}")
            status = foreground.run(command, environment | more, background, folder=ROOT)
            if foreground.passed_on:
                raise Interrupted(foreground.passed_on[0])
            return not status

        if arguments:
            return int(not passes("pytest", [*PYTEST, *arguments], PLAIN_STATIC_FILES))
        failed = [item.name for item in static_checks() if not passes(item.name, item.command, item.environment)]
        if not dependencies_audited(foreground.say, lambda command: not passes("pip-audit", command, {})):
            failed.append("pip-audit")
        results = home.path / "pytest.xml"
        results.unlink(missing_ok=True)
        everything = [*PYTEST, *PARALLEL, f"--junit-xml={results}"]
        tests_pass = passes("pytest", everything, PLAIN_STATIC_FILES)
    if failed:
        summarise(failed, results)
    return int(bool(failed) or not tests_pass)


def summarise(failed: list[str], results: Path) -> None:
    """Says which checks failed and, last, the tests' counts with those checks among the failures."""
    counts = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    if results.exists():
        totals = next(ElementTree.parse(results).iter("testsuite")).attrib  # our own file  # nosec B314
        counts = {name: int(totals.get(name, "0")) for name in counts}
    unsuccessful = counts["failures"] + counts["errors"]
    passed = counts["tests"] - unsuccessful - counts["skipped"]
    print(f"\nFailed before the tests: {', '.join(failed)}")
    print(f"{unsuccessful + len(failed)} failed, {passed} passed, {counts['skipped']} skipped")
