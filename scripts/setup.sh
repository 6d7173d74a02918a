# Sourced by scripts one folder below the root of the project: makes its virtual environment.
#
#   install_lock NAME   installs requirements/NAME.txt and the project into $venv, if not yet done
#   install_tools       installs what packages are built and checked with into $venv
#   install_browser     installs Debian's chromium for the tests of pages, where root may
#   install_packages    installs what the JavaScript example needs into its folder, where npm is
#
# PYTHON names the interpreter to use; without it the first of python3, python3.14, ... python3.11
# that is new enough is used.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
venv=$root/.venv

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        set -- "$PYTHON"
    else
        set -- python3 python3.14 python3.13 python3.12 python3.11
    fi
    for python in "$@"; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            return
        fi
    done
    fail "Python 3.11 or newer is needed; $1 gives: $("$1" --version 2>&1 || true)." \
        "Install a newer one and name it: PYTHON=/path/to/python3.11 sh $0"
}

has_module() {
    "$python" -c "import $1" 2>/dev/null
}

# Debian and Ubuntu leave ensurepip, which venv needs, to a package of its own.
install_ensurepip() {
    package=python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        fail "$python cannot make virtual environments. Run: sudo apt-get install $package"
    fi
    apt-get update
    DEBIAN_FRONTEND=noninteractive apt-get install --yes "$package"
}

# Without a browser the tests of pages are skipped, or fail where CI=true.
install_browser() {
    if command -v chromium >/dev/null; then return; fi
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        printf 'Pages are not tested without chromium. Run: sudo apt-get install chromium\n' >&2
        return
    fi
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes chromium; } ||
        printf 'chromium could not be installed; pages are not tested\n' >&2
}

# Without them the example is not tested.
install_packages() {
    example=$root/examples/onnx_node
    if [ -d "$example/node_modules/onnxruntime-web" ] || ! command -v npm >/dev/null; then return; fi
    npm ci --prefix "$example" --ignore-scripts --no-audit --no-fund --silent ||
        printf 'npm could not install packages; the JavaScript example is not tested\n' >&2
}

make_venv() {
    find_python
    if ! has_module ensurepip && ! has_module pip; then install_ensurepip; fi
    if has_module ensurepip; then
        "$python" -m venv --clear "$venv"
        venv_pip() { "$venv/bin/python" -m pip "$@"; }
    else
        "$python" -m venv --clear --without-pip "$venv"
        venv_pip() { "$python" -m pip --python "$venv/bin/python" "$@"; }
    fi
}

lock_sum() {
    { printf '%s\n' "$root" && cat "$root/requirements/$1.txt" "$root/pyproject.toml"; } | cksum
}

install_lock() {
    if [ "$(cat "$venv/installed-$1" 2>/dev/null)" = "$(lock_sum "$1")" ]; then return; fi
    make_venv
    printf 'Installing requirements/%s.txt into %s\n' "$1" "$venv" >&2
    PIP_DISABLE_PIP_VERSION_CHECK=1
    export PIP_DISABLE_PIP_VERSION_CHECK
    venv_pip install --quiet --require-hashes --requirement "$root/requirements/$1.txt"
    "$venv/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable "$root"
    for name in runtime "$1"; do # every lock holds the runtime's
        lock_sum "$name" >"$venv/installed-$name"
    done
}

install_tools() {
    make_venv
    venv_pip install --quiet --require-hashes --requirement "$root/requirements/package.txt"
}
