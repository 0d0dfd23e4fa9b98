"""Entry point of the launcher: run by demo.sh, run.sh and test.sh with the Python of `.venv`."""

import sys

from launcher.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
