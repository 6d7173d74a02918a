"""The script that kills and hinders commands, at a few calls of a command that needs no model."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.small import write_data

ROOT = Path(__file__).parents[1]


def test_a_few_faults(tmp_path: Path) -> None:
    if shutil.which("cc") is None:
        reason = "there is no C compiler; apt-get install gcc libc6-dev, on Debian"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    flags = ("--commands=convert-poses", "--faults=kill,tear,full,denied", "--points=2")
    done = subprocess.run(
        [sys.executable, "-m", "faults.kill", f"--folder={tmp_path / 'faults'}", *flags],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split(" | ") for line in done.stdout.splitlines()[2:]]
    assert [row[2] for row in rows] == ["kill", "tear", "full", "denied"]
    assert all(row[3:] == ["2", "2", "0 |"] for row in rows[:2])


def test_lines_that_find_no_room(tmp_path: Path) -> None:
    main = "from stgnf_jax.cli import main; main()"
    data = f"--config.data.root={write_data(tmp_path)}"
    flags = ("--config=configs/custom.py", data, "--config.data.cache_dir=")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", main, "replay", *flags],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=200,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "stgnf replay: stdout cannot be written (No space left on device)\n"
