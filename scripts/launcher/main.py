import sys

from launcher.checks import check
from launcher.demo import demo
from launcher.errors import LaunchError
from launcher.foreground import Interrupted
from launcher.run import run

COMMANDS = {"demo": demo, "run": run, "test": check}


def main(arguments: list[str]) -> int:
    """Exit status of the command that the first argument names."""
    try:
        return COMMANDS[arguments[0]](arguments[1:])
    except LaunchError as error:
        print(error, file=sys.stderr)
        return error.status
    except Interrupted as signal:
        return signal.status
    except OSError as error:
        print(f"ChainMakes could not go on: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
