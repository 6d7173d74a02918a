#!/bin/sh
# Installs what is needed into .venv and runs the tests; arguments go to pytest.
set -eu
. "$(dirname -- "$0")/setup.sh"
install_lock dev
install_browser
install_packages
cd "$root"
exec "$venv/bin/python" -m pytest -n 2 --dist loadfile --no-loadscope-reorder "$@"
