#!/bin/sh
# Looks for known vulnerabilities of what the locks name. Needs an index that serves advisories, as
# pypi.org does, and fails where one of the packages cannot be looked up. Arguments go to pip-audit:
# --vulnerability-service=osv asks another service.
set -eu
. "$(dirname -- "$0")/setup.sh"
venv=$root/.venv-package
install_tools
status=0
for lock in "$root"/requirements/*.txt; do
    printf '%s\n' "$lock"
    "$venv/bin/pip-audit" --requirement "$lock" --require-hashes --disable-pip --strict \
        --progress-spinner off "$@" || status=1
done
exit "$status"
