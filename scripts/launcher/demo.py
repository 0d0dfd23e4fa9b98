"""`demo.sh`: everything from nothing, running until Ctrl-C."""

import argparse
import http.client
import os
import secrets
import socket
import sys
import webbrowser
from typing import Any

from launcher.errors import LaunchError
from launcher.foreground import Foreground
from launcher.home import Home, read_json, write_private_json
from launcher.ownership import Guest, claim, publish
from launcher.postgres import stop_leftover
from launcher.preparation import (
    begin,
    collect_static,
    compile_kernels,
    compile_strategies,
    peacefully,
    set_up_demo,
    show_demo,
)
from launcher.programs import first_programs, later_programs
from launcher.servers import free_port, shown
from launcher.session import Session
from launcher.supervisor import Supervisor

USERNAME = "demo"
PAGES_LIMIT_S = 90.0
LEISURE = 5
"""Niceness of what is prepared behind the start."""
LAST = 19
"""Of what nobody waits for."""


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="demo.sh", description="Starts ChainMakes on this machine, on paper.")
    parser.add_argument("--port", type=int, default=8000, help="of the web pages (default 8000; 0: any that is free)")
    parser.add_argument("--fresh", action="store_true", help="begin anew: forget the databases and candles kept so far")
    parser.add_argument("--no-browser", action="store_true", help="do not open the browser")
    return parser.parse_args(arguments)


def demo(arguments: list[str]) -> int:
    options = parse(arguments)
    home = Home.from_environment()
    home.create()
    role = claim(home)
    if isinstance(role, Guest):
        return already_running(role, fresh=options.fresh)
    if options.fresh:
        begin_anew(home)
    port = usable_port(options.port)
    session, foreground = Session.of(home), Foreground(sys.stdout)
    background = session.in_background(role, lambda supervisor: bring_up(supervisor, session, port))
    with foreground.stopping(background):
        login = foreground.wait_for_ready(background)
        welcome(foreground, login, home)
        if not options.no_browser:
            open_browser(login["url"])
        foreground.wait_for_signal(background)
    foreground.say("Stopped.")
    return 0


def already_running(role: Guest, *, fresh: bool) -> int:
    if role.servers["kind"] != "demo":
        raise LaunchError(
            "Another command (run.sh or test.sh) uses this data folder; start the demo when it has ended."
        )
    if fresh:
        raise LaunchError(f"ChainMakes runs at {role.servers['url']}: stop it before beginning anew.")
    print(f"ChainMakes already runs at {role.servers['url']}")
    return 0


def begin_anew(home: Home) -> None:
    if os.environ.get("DATABASE_URL"):
        raise LaunchError(
            "--fresh forgets the embedded database only, and DATABASE_URL names another: empty that one yourself."
        )
    stop_leftover(home)
    home.wipe()


def usable_port(port: int) -> int:
    if port == 0:
        return free_port()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            hint = "Choose another: ./scripts/demo.sh --port N"
            raise LaunchError(f"Port {port} cannot be used ({reason}). {hint}") from error
    return port


def bring_up(supervisor: Supervisor, session: Session, port: int) -> None:
    """Servers, then what has changed since the last start, then all programs; reports the login when all is up."""
    home, environment = session.home, dict(session.environment)
    servers = session.start_servers(supervisor)
    environment |= servers.environment
    finish_static = begin(supervisor, collect_static(home), environment)  # meanwhile the database is prepared
    finish_kernels = begin(supervisor, compile_kernels(home), environment, niceness=LEISURE)
    session.migrate(supervisor, servers)
    login = prepare_login(supervisor, session, environment, always=not servers.embedded_database)
    finish_static()
    login |= {"url": f"http://127.0.0.1:{port}/"}
    write_private_json(home.demo, login)
    publish(home, "demo", environment, login["url"])
    for program in first_programs(environment, port):
        supervisor.start(program, home.logs / f"{program.name}.log")
    supervisor.wait_until(
        lambda: health(port)[0] == http.client.OK,
        limit_s=PAGES_LIMIT_S,
        failure=lambda: f"Not everything is up after {PAGES_LIMIT_S:.0f} s: {health(port)[1]} See {shown(home.logs)}.",
        every_s=0.2,
    )
    supervisor.ready(login)
    *light, compute = later_programs(environment)
    for program in light:
        supervisor.start(program, home.logs / f"{program.name}.log")
    peacefully(supervisor, finish_kernels)  # the worker would compile the same beside it
    supervisor.start(compute, home.logs / f"{compute.name}.log")
    peacefully(supervisor, begin(supervisor, show_demo(home), environment, niceness=LEISURE))
    peacefully(supervisor, begin(supervisor, compile_strategies(home), environment, niceness=LAST))


def prepare_login(
    supervisor: Supervisor, session: Session, environment: dict[str, str], *, always: bool
) -> dict[str, str]:
    """Username and password of the demonstration, kept from the first start on."""
    kept = read_json(session.home.demo)
    login = {"username": USERNAME, "password": str(kept.get("password") or secrets.token_urlsafe(12))}
    step = set_up_demo(session.home)
    begin(supervisor, step, environment | {"DEMO_PASSWORD": login["password"]}, always=always)()
    return login


def health(port: int) -> tuple[int, str]:
    """Status and text of /healthz; status 0 while nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        return answer.status, answer.read(2000).decode(errors="replace")
    except OSError as error:
        return 0, str(error)
    finally:
        connection.close()


def welcome(foreground: Foreground, login: dict[str, Any], home: Home) -> None:
    foreground.say(
        f"\nChainMakes runs at {login['url']}\n"
        f"  username  {login['username']}\n"
        f"  password  {login['password']}\n"
        f"Logs are in {shown(home.logs)}. Ctrl-C stops everything.\n"
    )


def open_browser(url: str) -> None:
    """Not a browser in the terminal, which is ours."""
    if sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(url)
