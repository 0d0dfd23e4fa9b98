"""`run.sh COMMAND …`: any command in the environment, with the servers up. Standard output is the command's alone."""

import sys

from launcher.errors import LaunchError
from launcher.foreground import Foreground
from launcher.home import Home
from launcher.ownership import Guest, claim
from launcher.session import Session


def run(command: list[str]) -> int:
    if not command or command[0] in ("-h", "--help"):
        raise LaunchError("usage: ./scripts/run.sh COMMAND [ARGUMENT ...]   (for example: python manage.py shell)", 2)
    home = Home.from_environment()
    home.create()
    role = claim(home)
    session, foreground = Session.of(home), Foreground(sys.stderr)
    if isinstance(role, Guest):
        return foreground.run(command, session.environment | role.environment, None)
    background = session.in_background(role, session.servers_for_commands)
    with foreground.dismissing(background):
        addresses = foreground.wait_for_ready(background)
        return foreground.run(command, session.environment | addresses, background)
