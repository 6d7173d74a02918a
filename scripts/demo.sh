#!/bin/sh
# Installs what is needed into .venv and runs the demo; arguments go to `stgnf demo`.
set -eu
. "$(dirname -- "$0")/setup.sh"
install_lock runtime
exec "$venv/bin/stgnf" demo "$@"
