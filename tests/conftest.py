"""Where the reference data lies, and what happens to tests that need it when it is missing."""

import os
from collections.abc import Iterator
from pathlib import Path

import jax
import pytest

# Tests compile much and compute little: half the time goes with LLVM's costly passes.
FAST_COMPILE = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {FAST_COMPILE}".strip()

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


@pytest.fixture(scope="module")
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps compiled programs, so that a second run with the same configuration is quick."""
    options = {
        "jax_compilation_cache_dir": str(tmp_path_factory.mktemp("compiled")),
        "jax_persistent_cache_min_compile_time_secs": 0,
    }
    before = {name: getattr(jax.config, name) for name in options}
    for name, value in options.items():
        jax.config.update(name, value)
    yield
    for name, value in before.items():
        jax.config.update(name, value)
