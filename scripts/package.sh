#!/bin/sh
# Builds wheel and source distribution into dist/, checks both, and runs the demo where only the
# wheel is installed.
set -eu
. "$(dirname -- "$0")/setup.sh"
venv=$root/.venv-package
install_tools

# The same commit gives the same wheel, byte for byte.
SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct)
export SOURCE_DATE_EPOCH
rm -rf "$root/dist"
"$venv/bin/python" -m build --no-isolation --outdir "$root/dist" "$root"
"$venv/bin/twine" check --strict "$root"/dist/*

empty=$(mktemp -d)
trap 'rm -rf "$empty"' EXIT
venv=$empty/venv
make_venv
venv_pip install --quiet --require-hashes --requirement "$root/requirements/runtime.txt"
venv_pip install --quiet --no-deps "$root"/dist/*.whl
cd "$empty"
venv/bin/stgnf --help
venv/bin/stgnf demo
venv/bin/stgnf report demo_out/run
venv/bin/stgnf evaluate --config=demo --config.data.root=demo_out/town --checkpoint=demo_out/run \
    --out=scores
