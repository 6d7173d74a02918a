"""Where reference data and browser are, and what happens to tests that need them without."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import jax
import pytest
from playwright.sync_api import Browser, sync_playwright

from stgnf_jax.compiled import WORTHWHILE

# Tests compile much and compute little: half the time goes with LLVM's costly passes.
FAST_COMPILE = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {FAST_COMPILE}".strip()

# Of Chromium, which runs as root in containers, and has nothing to fetch.
BROWSER_ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run"),
)

SHARED = Path(os.environ.get("STGNF_SHARED", Path(__file__).parents[2] / "shared"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("reference") and not (SHARED / "goldens").is_dir():
        reason = f"no reference data in {SHARED}; set STGNF_SHARED to the folder that holds it"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture
def shared() -> Path:
    """The folder of the reference data."""
    return SHARED


@pytest.fixture(scope="session", autouse=True)
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keeps what is compiled until all tests have run, so that no program is compiled twice.

    The folders begin empty, so each program is compiled where it is first needed. JAX writes into
    them in place, and whoever reads beside it, or after a kill, finds half an entry: each worker of
    pytest-xdist has its own, and the processes that it starts have another.
    """
    folder, of_processes = (str(tmp_path_factory.mktemp("compiled")) for _ in range(2))
    jax.config.update("jax_compilation_cache_dir", folder)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", WORTHWHILE)
    os.environ["JAX_COMPILATION_CACHE_DIR"] = of_processes
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = str(WORTHWHILE)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        reason = "there is no chromium; apt-get install chromium, on Debian"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_ARGUMENTS)
        yield browser
        browser.close()
