#!/bin/sh
# Linters, types, contracts and all tests; with arguments only pytest, on them: ./scripts/test.sh [pytest arguments]
set -eu
. "$(dirname -- "$0")/bootstrap.sh"
launch test "$@"
