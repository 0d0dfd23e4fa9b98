# Sourced by demo.sh, run.sh and test.sh: builds the environment when it is missing or out of date, then becomes the
# launcher (exec: signals sent to the script reach the launcher itself). Arguments: the launcher's command and its own.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)

find_python() {
    for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11; do
        if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    echo "ChainMakes needs Python 3.11 or newer. On Debian or Ubuntu: apt install python3 python3-venv" >&2
    return 1
}

launch() {
    environment="$root/scripts/launcher/environment.py"
    if ! "$root/.venv/bin/python" -I "$environment" --check 2>/dev/null; then
        python=$(find_python) || exit 1
        "$python" -I "$environment" || exit 1
    fi
    exec "$root/.venv/bin/python" "$root/scripts/launch.py" "$@"
}
