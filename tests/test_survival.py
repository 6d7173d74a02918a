"""Trainings as processes of their own that are killed, stopped, or run out of room."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from stgnf_jax import checkpoint
from stgnf_jax.run_summary import load_summary
from tests.small import write_data

ROOT = Path(__file__).parents[1]
MAIN = "from stgnf_jax.cli import main; main()"


class Training:
    """A command line, to be started again and again."""

    def __init__(self, data: Path, compiled: Path) -> None:
        self.environment = os.environ | {
            "JAX_COMPILATION_CACHE_DIR": str(compiled),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        }
        self.flags = [
            *("--config=configs/custom.py", f"--config.data.root={data}"),
            *("--config.data.cache_dir=", "--config.data.train_stride=2"),
            *("--config.model.segment_length=8", "--config.model.num_steps=2"),
            *("--config.training.epochs=5", "--config.training.batch_size=32"),
            *("--config.training.held_out=0.3", "--config.training.keypoint_noise=0.01"),
            *("--config.training.average_decay=0.9", "--config.training.checkpoint_every=1"),
        ]

    def start(self, workdir: Path, *flags: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", MAIN, "train", *self.flags, f"--workdir={workdir}", *flags]
        return subprocess.Popen(
            command, cwd=ROOT, env=self.environment, text=True, stderr=subprocess.PIPE
        )

    def run(self, workdir: Path, *flags: str) -> tuple[int, str]:
        with self.start(workdir, *flags) as process:
            _, errors = process.communicate(timeout=200)
        return process.returncode, errors


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Training:
    data = write_data(tmp_path_factory.mktemp("data"))
    shutil.rmtree(data / "gt")  # without masks nothing is evaluated, which is not at stake here
    return Training(data, tmp_path_factory.mktemp("compiled"))


@pytest.fixture(scope="module")
def undisturbed(training: Training, tmp_path_factory: pytest.TempPathFactory) -> Path:
    workdir = tmp_path_factory.mktemp("run") / "run"
    status, errors = training.run(workdir)
    assert status == 0, errors
    return workdir


def assert_same_weights(found: Path, expected: Path) -> None:
    for a, b in zip(*map(checkpoint.load_members, (found, expected)), strict=True):
        jax.tree.map(np.testing.assert_array_equal, a.variables, b.variables)
        jax.tree.map(np.testing.assert_array_equal, a.calibration, b.calibration)


def saved_steps(workdir: Path) -> int:
    names = [path.name for path in (workdir / "checkpoints").glob("*")]
    return max((int(name) for name in names if name.isdigit()), default=0)


def wait_for_step(process: Any, workdir: Path, step: int) -> None:
    while process.poll() is None and saved_steps(workdir) < step:
        time.sleep(0.01)


def test_killed_again_and_again(training: Training, undisturbed: Path, tmp_path: Path) -> None:
    workdir, rng, kills = tmp_path / "run", random.Random(0), 0
    while True:
        step = saved_steps(workdir) + rng.randint(1, 3)
        with training.start(workdir) as process:
            wait_for_step(process, workdir, step)
            time.sleep(rng.uniform(0, 0.3))  # into a step, or into the next checkpoint
            process.kill()
            _, errors = process.communicate()
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, errors
        kills += 1
        if kills == 4:
            status, errors = training.run(workdir)
            assert status == 0, errors
            break
    assert kills >= 3
    assert_same_weights(workdir, undisturbed)
    assert load_summary(workdir).status == "finished"


def test_sigterm(training: Training, undisturbed: Path, tmp_path: Path) -> None:
    with training.start(tmp_path / "run") as process:
        wait_for_step(process, tmp_path / "run", 2)
        process.terminate()
        _, errors = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert "stgnf train: stopped after step" in errors
    assert "Traceback" not in errors
    assert load_summary(tmp_path / "run").status == "stopped"
    status, errors = training.run(tmp_path / "run")
    assert status == 0, errors
    assert_same_weights(tmp_path / "run", undisturbed)


def test_a_damaged_newest_checkpoint(training: Training, undisturbed: Path, tmp_path: Path) -> None:
    workdir = shutil.copytree(undisturbed, tmp_path / "run")
    (workdir / "calibration.npz").unlink()
    last = saved_steps(workdir)
    for file in (workdir / f"checkpoints/{last}/state").glob("**/d/*"):
        file.write_bytes(file.read_bytes()[:10])
    status, errors = training.run(workdir)
    assert status == 0, errors
    assert f"step {last} cannot be read" in errors
    assert f"step {last - 1} before it is used" in errors
    assert_same_weights(workdir, undisturbed)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 400 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("no file system can be mounted here, so no disk can be filled")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk(
    training: Training, undisturbed: Path, small_disk: Path, tmp_path: Path
) -> None:
    workdir = small_disk / "run"
    status, errors = training.run(workdir)
    assert status == 1
    assert "cannot be written" in errors.strip().splitlines()[-1]
    assert "Traceback" not in errors
    elsewhere = shutil.copytree(workdir, tmp_path / "run")
    status, errors = training.run(elsewhere)
    assert status == 0, errors
    assert_same_weights(elsewhere, undisturbed)


def test_a_folder_that_cannot_be_written(training: Training, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    status, errors = training.run(tmp_path / "file")
    assert status == 1
    assert "stgnf train: " in errors
    assert "file" in errors.strip().splitlines()[-1]
    assert "Traceback" not in errors


def test_another_configuration(training: Training, undisturbed: Path) -> None:
    status, errors = training.run(undisturbed, "--config.training.learning_rate=0.1")
    assert status == 1
    assert "training.learning_rate is 0.1 now and was 0.0005" in errors
