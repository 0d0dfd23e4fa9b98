#!/bin/sh
# Runs any command in the environment, with the database servers up: ./scripts/run.sh python manage.py shell
set -eu
. "$(dirname -- "$0")/bootstrap.sh"
launch run "$@"
