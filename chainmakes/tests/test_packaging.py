"""Locks, settings, scripts and contracts say what the code does."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest

from chainmakes.tests.launched import ROOT

ONLY_COMPOSE = {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "PORT", "COMPUTE_PROCESSES", "GRAFANA_PASSWORD", "GRAFANA_PORT"}
PIN = re.compile(r"^([\w.-]+)(?:\[[\w,]+\])?==(\S+)")


def pins(name: str) -> dict[str, str]:
    """Versions by normalised name."""
    found = {}
    for line in (ROOT / name).read_text().splitlines():
        if match := PIN.match(line):
            found[re.sub(r"[-_.]+", "-", match[1]).lower()] = match[2]
    return found


def names_in_settings() -> set[str]:
    """First arguments of `env(…)`, `env.….(…)` and `_secret(…)` in the settings."""
    calls = [
        node
        for node in ast.walk(ast.parse((ROOT / "chainmakes/settings.py").read_text()))
        if isinstance(node, ast.Call)
    ]
    names = set()
    for call in calls:
        function = call.func.value if isinstance(call.func, ast.Attribute) else call.func
        if isinstance(function, ast.Name) and function.id in ("env", "_secret") and call.args:
            first = call.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                names.add(first.value)
    return names


def test_every_variable_is_explained() -> None:
    explained = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M))
    assert explained == names_in_settings() | ONLY_COMPOSE


def test_env_example_gives_no_secret() -> None:
    text = (ROOT / ".env.example").read_text()
    secrets = "SECRET_KEY|FERNET_KEYS|POSTGRES_PASSWORD|REDIS_PASSWORD|METRICS_TOKEN|GRAFANA_PASSWORD"
    assert re.findall(rf"^#?(?:{secrets})=(.+)$", text, re.M) == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_direct_dependencies_are_pinned_as_in_the_lock(name: str) -> None:
    lines = [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith("#")]
    assert len(pins(name)) == len(lines)
    lock = pins("requirements.lock")
    assert {package: lock.get(package) for package in pins(name)} == pins(name)


def test_what_ccxt_pins_is_left_alone() -> None:
    lock = pins("requirements.lock")
    exact = [match for text in requires("ccxt") or () if "extra ==" not in text and (match := PIN.match(text))]
    assert exact
    wanted = {re.sub(r"[-_.]+", "-", match[1]).lower(): match[2].rstrip(";") for match in exact}
    assert {name: lock[name] for name in wanted if name in lock} == {
        name: wanted[name] for name in wanted if name in lock
    }


def test_locks_name_no_registry() -> None:
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        assert "://" not in line
        assert not line.startswith("-")
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert all("integrity" in package for name, package in packages.items() if name)


def test_front_end_lock_agrees_with_its_request() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]
    assert json.loads((ROOT / "package-lock.json").read_text())["packages"][""]["dependencies"] == wanted


def test_generated_keys_are_accepted() -> None:
    printed = subprocess.run(
        [sys.executable, "-I", str(ROOT / "scripts/generate_keys.py")], capture_output=True, text=True, check=True
    ).stdout
    keys = dict(line.split("=", 1) for line in printed.splitlines())
    assert set(keys) == {"SECRET_KEY", "FERNET_KEYS", "POSTGRES_PASSWORD", "REDIS_PASSWORD"}
    assert not [value for value in keys.values() if re.search(r"[^\w-]", value)]
    loaded = subprocess.run([sys.executable, "-c", "import chainmakes.settings"], cwd=ROOT, env=os.environ | keys)
    assert loaded.returncode == 0


@pytest.mark.parametrize("name", ["SECRET_KEY", "FERNET_KEYS"])
@pytest.mark.parametrize("value", ["", "short", "change-me" * 10])
def test_settings_refuse_to_start_without_a_secret(name: str, value: str) -> None:
    loading = [sys.executable, "-c", "import chainmakes.settings"]
    loaded = subprocess.run(loading, cwd=ROOT, env=os.environ | {name: value}, capture_output=True, text=True)
    assert loaded.returncode != 0
    assert f"{name} is missing" in loaded.stderr


SCRIPTS = ["scripts/demo.sh", "scripts/run.sh", "scripts/test.sh", ".ci/run"]


@pytest.mark.parametrize("name", [*SCRIPTS, "scripts/bootstrap.sh"])
def test_scripts_are_well_formed(name: str) -> None:
    subprocess.run(["sh", "-n", str(ROOT / name)], check=True)
    assert os.access(ROOT / name, os.X_OK) == (name in SCRIPTS)


def copy_of_the_scripts(folder: Path) -> Path:
    shutil.copytree(ROOT / "scripts", folder / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("requirements.lock", "package.json", "package-lock.json", ".npmrc"):
        shutil.copy(ROOT / name, folder)
    return folder / "scripts" / "run.sh"


def test_without_python_one_line_says_what_to_install(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "dirname"):
        (tools / name).symlink_to(shutil.which(name) or name)
    script = copy_of_the_scripts(tmp_path)
    result = subprocess.run([str(script), "true"], env={"PATH": str(tools)}, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "apt install python3" in result.stderr


@pytest.mark.slow
def test_without_network_the_first_start_says_so(tmp_path: Path) -> None:
    script = copy_of_the_scripts(tmp_path)
    nowhere = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "0",
        "PIP_NO_INDEX": "1",
        "HOME": str(tmp_path),
    }
    environment = {"PATH": os.environ["PATH"], "PYTHON": sys.executable, **nowhere}
    result = subprocess.run([str(script), "true"], env=environment, capture_output=True, text=True)
    assert result.returncode == 1
    assert "connected to the internet" in result.stderr
    assert "Traceback" not in result.stderr
    check = [sys.executable, "-I", str(tmp_path / "scripts/launcher/environment.py"), "--check"]
    assert subprocess.run(check).returncode == 1


def test_the_image_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (\S+)$", (ROOT / "Dockerfile").read_text(), re.M)
    assert users
    assert users[-1] not in ("root", "0")


FLOORS = """
[tool.importlinter]
root_packages = ["left", "project", "right"]
include_external_packages = true
contract_types = ["floors: scripts.floors.FloorContract"]

[[tool.importlinter.contracts]]
name = "floors"
type = "floors"
apps = ["left", "right"]
wiring = ["project"]
doors = ["*.pages", "*.api*"]
rows = ["*.models"]
pure = ["right.core"]
"""
ALLOWED = [
    ("left.pages", "right.services"),
    ("right.models", "right.core.decide"),
    ("right.services", "left.services"),
    ("right.models", "left.models"),
    ("project.urls", "right.pages"),
    ("project.urls", "project.health"),
    ("right.core.tests.test_decide", "right.pages"),
    ("right.services", "django"),
]
FORBIDDEN = [
    ("left.services", "right.services"),
    ("left.api_urls", "right.pages"),
    ("right.services", "right.pages"),
    ("right.models", "left.services"),
    ("right.core.decide", "right.models"),
    ("left.pages", "project.health"),
]


def lint(folder: Path, imports: list[tuple[str, str]]) -> "subprocess.CompletedProcess[str]":
    """Runs import-linter on packages that hold exactly these imports."""
    (folder / "pyproject.toml").write_text(FLOORS)
    for module in {module for pair in ALLOWED + FORBIDDEN for module in pair} - {"django"}:
        path = folder / f"{module.replace('.', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"import {imported}\n" for importer, imported in imports if importer == module))
        for package in path.relative_to(folder).parents:
            (folder / package / "__init__.py").touch()
    (folder / "__init__.py").unlink()
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_floors_leave_alone_what_they_allow(tmp_path: Path) -> None:
    result = lint(tmp_path, ALLOWED)
    assert result.returncode == 0, result.stdout


def test_floors_catch_what_they_forbid(tmp_path: Path) -> None:
    result = lint(tmp_path, ALLOWED + FORBIDDEN)
    assert result.returncode == 1
    assert re.findall(r"(\S+) imports (\S+):", result.stdout) == sorted(FORBIDDEN)
