#!/bin/sh
# Runs a choice of tests on each Python that is named, by default all from 3.11 to 3.14 there are:
#
#   sh scripts/test_pythons.sh python3.13 /opt/python3.14/bin/python3
#
# Each gets an environment of its own with what requirements/dev.txt locks. TESTS names other tests.
set -eu
. "$(dirname -- "$0")/setup.sh"
TESTS=${TESTS:-"tests/test_flow.py tests/test_config.py tests/test_cli.py tests/test_old_files.py
    tests/test_demo.py tests/test_package.py tests/test_poses.py tests/test_stream_session.py"}
if [ $# -eq 0 ]; then
    for name in python3.11 python3.12 python3.13 python3.14; do
        if command -v "$name" >/dev/null; then set -- "$@" "$name"; fi
    done
fi
if [ $# -eq 0 ]; then fail "no Python from 3.11 to 3.14 is here; name one"; fi
cd "$root"
status=0
for PYTHON in "$@"; do
    version=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    venv=$root/.venv-$version
    install_lock dev
    # shellcheck disable=SC2086
    if "$venv/bin/python" -m pytest -q $TESTS; then
        printf 'Python %s: passed\n' "$version"
    else
        printf 'Python %s: FAILED\n' "$version"
        status=1
    fi
done
exit "$status"
