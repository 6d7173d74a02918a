#!/bin/sh
# Installs what is needed into .venv-docs, beside what tests need, and builds the documentation into site/; arguments go to
# sphinx-build.
set -eu
. "$(dirname -- "$0")/setup.sh"
venv=$root/.venv-docs
install_lock docs
exec "$venv/bin/python" -m sphinx --fail-on-warning --keep-going --jobs auto "$@" "$root/docs" "$root/site"
