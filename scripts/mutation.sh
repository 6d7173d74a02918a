#!/bin/sh
# Installs what is needed into .venv-mutation, changes the code a little in every way that mutmut
# knows, and runs the tests that reach each change; arguments go to `mutmut run`.
set -eu
. "$(dirname -- "$0")/setup.sh"
venv=$root/.venv-mutation
install_lock mutation
cd "$root"
"$venv/bin/mutmut" run "$@"
"$venv/bin/mutmut" results
