"""The licences of what is installed, and what the script says of others."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts/licences.py"
LICENCES = runpy.run_path(str(SCRIPT))


def install(folder: Path, name: str, *fields: str) -> Path:
    """Metadata of a package that is not there."""
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir(parents=True)
    lines = ("Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0", *fields)
    (about / "METADATA").write_text("\n".join(lines) + "\n")
    return folder


def test_everything_installed_is_allowed() -> None:
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\n| jax |" in done.stdout
    assert "stgnf-jax" not in done.stdout


@pytest.mark.parametrize(
    ("name", "field", "licence", "allowed"),
    [
        ("a", "License-Expression: MIT", "MIT", True),
        ("a", "License-Expression: MIT AND (GPL-3.0-only OR ISC)", "", True),
        ("a", "License-Expression: MIT AND GPL-3.0-only", "MIT AND GPL-3.0-only", False),
        ("a", "License-Expression: AGPL-3.0-only", "AGPL-3.0-only", False),
        ("a", "License-Expression: MPL-2.0", "MPL-2.0", False),
        ("orjson", "License-Expression: MPL-2.0", "MPL-2.0", True),
        ("orjson", "License-Expression: LGPL-3.0-only", "LGPL-3.0-only", False),
        ("a", "License: BSD 3-Clause", "BSD-3-Clause", True),
        ("a", "License: of my own making", "", False),
        ("a", "Classifier: License :: OSI Approved :: MIT License", "MIT", True),
        ("a", "Classifier: License :: OSI Approved", "", False),
        ("a", "License: LicenseRef-NVIDIA-Proprietary", "NVIDIA Proprietary", False),
        ("nvidia-x", "License: LicenseRef-NVIDIA-Proprietary", "NVIDIA Proprietary", True),
        ("a", "Summary: without a licence", "", False),
    ],
)
def test_what_is_allowed(
    tmp_path: Path, name: str, field: str, licence: str, allowed: bool
) -> None:
    (found,) = LICENCES["packages_in"]([str(install(tmp_path, name, field))])
    assert found.licence == (licence or found.licence)
    assert LICENCES["is_allowed"](found) == allowed


def test_a_package_that_is_not_allowed_ends_with_status_1(tmp_path: Path) -> None:
    folder = install(tmp_path, "viral", "License-Expression: GPL-3.0-only")
    command = [sys.executable, str(SCRIPT), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "| viral | 1.0 | GPL-3.0-only |" in done.stdout
    assert "not allowed: Package(name='viral'" in done.stderr
