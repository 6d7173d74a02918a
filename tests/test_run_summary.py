import contextlib
import json
import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import pytest

from stgnf_jax import run_summary
from stgnf_jax.errors import InputError
from stgnf_jax.run_summary import (
    Achieved,
    Summary,
    load_summary,
    save_summary,
    summarised,
    versions,
)

SUMMARY = Summary(
    config={"seed": 3, "training": {"epochs": 2}},
    data_hash="abc",
    windows=54,
    examples=108,
    normal_examples=108,
    abnormal_examples=0,
    seed=3,
    members=2,
    parameters=616,
    device="cpu",
    devices=1,
    processes=1,
    versions={"python": "3.11.7"},
)
HALF = Achieved(1, 4, 200, 1.5, 2.5)


class StopError(Exception):
    pass


@pytest.fixture
def at_second(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the clock; it stands still."""

    def set_clock(second: float) -> None:
        monkeypatch.setattr("time.monotonic", lambda: second)
        monkeypatch.setattr(run_summary, "_now", lambda: f"second {second:.0f}")

    set_clock(100)
    return set_clock


def test_a_summary_on_disk(tmp_path: Path) -> None:
    for summary in (SUMMARY, SUMMARY._replace(loss=math.inf, held_out_nll=-0.5, message="é")):
        save_summary(tmp_path / "run", summary)
        assert load_summary(tmp_path / "run") == summary
    written = json.loads((tmp_path / "run/summary.json").read_text(), parse_constant=pytest.fail)
    assert set(written) == {"format_version", *Summary._fields}
    assert written["loss"] == "Infinity"


def test_a_run_from_start_to_end(tmp_path: Path, at_second: Callable[[float], None]) -> None:
    with summarised(tmp_path, SUMMARY, StopError) as update:
        running = SUMMARY._replace(started="second 100", updated="second 100")
        assert load_summary(tmp_path) == running
        at_second(110)
        update(HALF)
        half = running._replace(
            **HALF._asdict(), updated="second 110", wall_seconds=10.0, windows_per_second=20.0
        )
        assert load_summary(tmp_path) == half
        at_second(120)
        update(Achieved(2, 8, 800, 1.0, 2.0))
        at_second(140)
    assert load_summary(tmp_path) == running._replace(
        **Achieved(2, 8, 800, 1.0, 2.0)._asdict(),
        status="finished",
        updated="second 140",
        wall_seconds=40.0,
        windows_per_second=20.0,
    )


def test_a_killed_run_goes_on(tmp_path: Path, at_second: Callable[[float], None]) -> None:
    killed = SUMMARY._replace(**HALF._asdict(), started="second 7", wall_seconds=30.0)
    save_summary(tmp_path, killed)
    with summarised(tmp_path, SUMMARY._replace(devices=4), StopError) as update:
        resumed = load_summary(tmp_path)
        assert resumed.devices == 4
        assert resumed.status == "running"
        assert (resumed.steps, resumed.held_out_nll) == (4, 2.5)
        at_second(110)
        update(Achieved(2, 8, 400))
    finished = load_summary(tmp_path)
    assert (finished.started, finished.updated) == ("second 7", "second 110")
    assert (finished.wall_seconds, finished.windows_per_second) == (40, 10)


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (StopError(), "stopped", ""),
        (KeyboardInterrupt(), "stopped", ""),
        (InputError("too high", field="config.lr"), "failed", "config.lr: too high"),
        (RuntimeError("no memory"), "failed", "RuntimeError('no memory')"),
    ],
)
def test_how_a_run_ends(tmp_path: Path, error: BaseException, status: str, message: str) -> None:
    with contextlib.suppress(type(error)), summarised(tmp_path, SUMMARY, StopError) as update:
        update(HALF)
        raise error
    found = load_summary(tmp_path)
    assert (found.status, found.message, found.steps) == (status, message, 4)


def test_what_ends_a_run_is_what_is_raised(tmp_path: Path) -> None:
    run = summarised(tmp_path / "run", SUMMARY, StopError)
    run.__enter__()
    shutil.rmtree(tmp_path / "run")
    (tmp_path / "run").touch()  # so no summary can be written
    error = RuntimeError("first")
    assert not run.__exit__(RuntimeError, error, None)


def test_a_resumed_run_is_no_longer_failed(tmp_path: Path) -> None:
    save_summary(tmp_path, SUMMARY._replace(status="failed", message="no memory"))
    with summarised(tmp_path, SUMMARY, StopError):
        found = load_summary(tmp_path)
        assert (found.status, found.message) == ("running", "")


def test_times_are_utc() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", run_summary._now())


def damage(workdir: Path, field: str, value: Any) -> None:
    save_summary(workdir, SUMMARY)
    file = workdir / "summary.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {field: value}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("config", []),
        ("seed", "3"),
        ("seed", 1.5),
        ("epochs", True),
        ("epochs", None),
        ("loss", "low"),
        ("loss", [1.0]),
        ("status", None),
        ("windows_per_second", None),
    ],
)
def test_a_damaged_field_is_named(tmp_path: Path, field: str, value: object) -> None:
    damage(tmp_path, field, value)
    with pytest.raises(InputError, match=rf"summary\.json: {field}: is missing or of the wrong"):
        load_summary(tmp_path)


def test_fields_of_other_versions(tmp_path: Path) -> None:
    damage(tmp_path, "colour", "red")
    assert load_summary(tmp_path) == SUMMARY
    file = tmp_path / "summary.json"
    fields = json.loads(file.read_text())
    del fields["wall_seconds"]
    file.write_text(json.dumps(fields))
    assert load_summary(tmp_path) == SUMMARY
    del fields["members"]
    file.write_text(json.dumps(fields))
    with pytest.raises(InputError, match="members: is missing"):
        load_summary(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read"),
        (b"\xff", "cannot be read"),
        (b"[" * 10**6, "cannot be read"),
        (b"[]", "does not hold the summary of a run"),
        (None, r"cannot be read \(No such file or directory\)"),
    ],
)
def test_a_file_that_is_no_summary(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "summary.json").write_bytes(content)
    with pytest.raises(InputError, match=rf"summary\.json: {message}"):
        load_summary(tmp_path)


def test_versions() -> None:
    found = versions()
    assert found["jax"] == jax.__version__
    assert {"python", "stgnf-jax", "jaxlib", "flax", "optax", "distrax", "numpy"} <= set(found)
    assert "orbax-checkpoint" in found
