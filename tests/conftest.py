"""Where the reference data lies, and what happens to tests that need it when it is missing."""

import os
from pathlib import Path

import pytest

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
