#!/bin/sh
# Runs the tests with branch coverage, then says by package how much of it they reach; arguments go
# to pytest.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
sh "$root/scripts/test.sh" --cov --cov-report= "$@"
cd "$root"
for modules in '' bijectors/ metrics/ pictures/ pose_formats/ reproduction/ town/; do
    printf '\nstgnf_jax/%s\n' "$modules"
    .venv/bin/coverage report --show-missing --skip-covered --include="stgnf_jax/$modules*.py"
done
