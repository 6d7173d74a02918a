"""Devices and processes, as many as there are, come to what one device comes to."""

import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stgnf_jax.run_folder import locked
from stgnf_jax.run_summary import load_summary
from tests.small import small_config, write_data

ROOT = Path(__file__).parents[1]
MAIN = "from stgnf_jax.cli import main; main()"
Seen = Mapping[str, NDArray[Any]]


def start(*arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def finish(*processes: "subprocess.Popen[str]") -> list[str]:
    printed = [process.communicate(timeout=240)[0] for process in processes]
    for process, text in zip(processes, printed, strict=True):
        assert process.returncode == 0, text
    return printed


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("data"))


def watch(data: Path, out: Path, devices: int, members: int, processes: int = 1) -> Seen:
    """What `tests.one_training` sees of a training on so many devices per process."""
    command = ["-m", "tests.one_training", devices, members, data, out]
    if processes == 1:
        finish(start(*command))
    else:
        joined = (f"127.0.0.1:{free_port()}", processes)
        finish(*(start(*command, *joined, process) for process in range(processes)))
    with np.load(out) as file:
        assert file["devices"] == devices * processes
        return dict(file)


@pytest.fixture(scope="module")
def alone(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return watch(data, tmp_path_factory.mktemp("alone") / "one.npz", 1, 1)


def assert_equal_runs(found: Seen, expected: Seen, members: slice = slice(None)) -> None:
    for name in ("loss", "nll"):
        np.testing.assert_allclose(found[name][:, members], expected[name], rtol=1e-4)
    for name in ("first", "stats"):
        largest = np.abs(expected[name]).max()
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-3 * largest)


@pytest.mark.parametrize(("devices", "processes"), [(2, 1), (4, 1), (1, 2)])
def test_one_flow(data: Path, alone: Seen, tmp_path: Path, devices: int, processes: int) -> None:
    assert_equal_runs(watch(data, tmp_path / "two.npz", devices, 1, processes), alone)


def test_an_ensemble_over_processes_and_devices(data: Path, alone: Seen, tmp_path: Path) -> None:
    found = watch(data, tmp_path / "both.npz", 2, 2, processes=2)
    for name in ("loss", "nll"):
        np.testing.assert_allclose(found[name][:, :1], alone[name], rtol=1e-4)
        assert np.abs(found[name][:, 1:] - alone[name]).max() > 1e-3


def test_the_command_line_as_two_processes(data: Path, tmp_path: Path) -> None:
    """Both train one run, and each scores its share: together what one process would."""
    config = small_config(data)
    fields = {"model.segment_length": 8, "model.num_steps": 2, "data.train_stride": 2}
    flags = [
        *("--config=configs/custom.py", f"--config.data.root={data}", "--config.data.cache_dir="),
        *(f"--config.{name}={value}" for name, value in fields.items()),
        *("--config.training.epochs=1", "--config.training.batch_size=72"),
        *("--config.training.held_out=0.3", "--config.scoring.score=density_of_states"),
    ]
    assert config.model.segment_length == 8
    together = (f"--coordinator=127.0.0.1:{free_port()}", "--num_processes=2")
    run = f"--workdir={tmp_path / 'run'}"
    finish(
        *(
            start("-c", MAIN, "train", *flags, run, *together, f"--process_id={process}")
            for process in (0, 1)
        )
    )
    assert load_summary(tmp_path / "run").processes == 2
    scoring = (*flags, f"--checkpoint={tmp_path / 'run'}", f"--out={tmp_path / 'one'}")
    (printed,) = finish(start("-c", MAIN, "evaluate", *scoring))
    assert "AUC" in printed
    with np.load(tmp_path / "run/scores.npz") as both, np.load(tmp_path / "one/scores.npz") as one:
        assert both.keys() == one.keys()
        np.testing.assert_allclose(both["window_score"], one["window_score"], rtol=1e-5)
        np.testing.assert_array_equal(both["person"], one["person"])


def test_processes_that_cannot_be_joined(data: Path, tmp_path: Path) -> None:
    flags = ("--config=configs/custom.py", f"--config.data.root={data}", f"--workdir={tmp_path}")
    with start("-c", MAIN, "train", *flags, "--coordinator=x:1", "--process_id=3") as process:
        printed, _ = process.communicate(timeout=100)
    assert process.returncode == 1
    assert "--process_id: must be from 0 to below --num_processes=1, got 3" in printed
    with start("-c", MAIN, "train", *flags, "--num_processes=2") as process:
        printed, _ = process.communicate(timeout=100)
    assert process.returncode == 1
    assert "--coordinator: is needed with --num_processes or --process_id" in printed


def test_a_folder_that_only_the_first_process_finds_taken(data: Path, tmp_path: Path) -> None:
    """The lock is that of one process; the other does not wait for it in vain."""
    flags = ("--config=configs/custom.py", f"--config.data.root={data}", "--config.data.cache_dir=")
    together = (f"--coordinator=127.0.0.1:{free_port()}", "--num_processes=2")
    with locked(tmp_path):
        processes = [
            start("-c", MAIN, "train", *flags, f"--workdir={tmp_path}", *together, process_id)
            for process_id in ("--process_id=0", "--process_id=1")
        ]
        printed = [process.communicate(timeout=240)[0] for process in processes]
    assert [process.returncode for process in processes] == [1, 1]
    assert "another process is training here" in printed[0]
    assert "stgnf train: process 0 cannot go on, and says why" in printed[1]
    assert "Traceback" not in "".join(printed)
