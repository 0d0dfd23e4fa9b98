#!/bin/sh
# Starts everything from nothing and prints the address and the login: ./scripts/demo.sh [--port N] [--fresh] [--no-browser]
set -eu
. "$(dirname -- "$0")/bootstrap.sh"
launch demo "$@"
