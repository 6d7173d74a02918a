import json
import math
import struct
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.record_writer import masked_crc32c

from stgnf_jax.errors import InputError
from stgnf_jax.run_log import Record, read_log, run_log

ROOT = Path(__file__).parents[1]
Scalars = list[tuple[int, str, float]]


def record(step: int) -> Record:
    """Numbers that float32 holds exactly, as TensorBoard does."""
    return Record(step, step // 4, [2.5 - step, 1.5], [8.0, 4.0], 0.25, 1000.0)


def write(workdir: Path, steps: Iterable[int], first_step: int = 0) -> None:
    with run_log(workdir, first_step) as log:
        for step in steps:
            log(record(step))


def logged(workdir: Path) -> list[Record]:
    """The records, without the time, which is another each time."""
    return [record._replace(time=None) for record in read_log(workdir)]


def expected(steps: Iterable[int]) -> list[Record]:
    return [record(step)._replace(loss=(2.5 - step, 1.5), gradient_norm=(8, 4)) for step in steps]


def events(workdir: Path) -> list[Event]:
    """The messages in the files for TensorBoard: each has its length and checksums."""
    found = []
    data = b"".join(file.read_bytes() for file in sorted(workdir.glob("*tfevents*")))
    while data:
        (length, checksum), payload = struct.unpack("<QI", data[:12]), data[12:]
        assert checksum == masked_crc32c(data[:8])
        assert payload[length : length + 4] == struct.pack("<I", masked_crc32c(payload[:length]))
        found.append(Event.FromString(payload[:length]))
        data = payload[length + 4 :]
    return found


def scalars(workdir: Path) -> Scalars:
    """What TensorBoard shows: a start takes back all from its step on."""
    found: Scalars = []
    for event in events(workdir):
        if event.session_log.status == SessionLog.START:
            found = [scalar for scalar in found if scalar[0] < event.step]
        found += [(event.step, value.tag, value.simple_value) for value in event.summary.value]
    return found


def test_a_line_of_the_log(tmp_path: Path) -> None:
    with run_log(tmp_path / "run") as log:
        log(Record(7, 1, loss=[1.0, 2.0], gradient_norm=[3.0], learning_rate=5e-4))
    (line,) = (tmp_path / "run/log.jsonl").read_text().splitlines()
    found = json.loads(line)
    assert found.pop("time") > 1.7e9
    assert found == {
        "step": 7,
        "epoch": 1,
        "loss": 1.5,
        "loss_of_members": [1.0, 2.0],
        "gradient_norm": 3.0,
        "learning_rate": 5e-4,
    }


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    write(tmp_path, range(3))
    assert logged(tmp_path) == expected(range(3))
    assert read_log(tmp_path / "elsewhere") == ()


def test_tensorboard_has_the_same(tmp_path: Path) -> None:
    with run_log(tmp_path, first_step=4) as log:
        log(Record(4, 1, loss=[1.0, 2.0], learning_rate=0.25))
        log(Record(4, 1, held_out_nll=[0.5]))
        start, restart, *_ = events(tmp_path)  # while the log is still open
        assert scalars(tmp_path) == [
            (4, "epoch", 1),
            (4, "loss", 1.5),
            (4, "loss/member_0", 1),
            (4, "loss/member_1", 2),
            (4, "learning_rate", 0.25),
            (4, "epoch", 1),
            (4, "held_out_nll", 0.5),
        ]
    assert start.file_version == "brain.Event:2"
    assert (restart.step, restart.session_log.status) == (4, SessionLog.START)
    times = [record.time for record in read_log(tmp_path)]
    assert [event.wall_time for event in events(tmp_path)[2:]] == times


def test_each_record_is_there_at_once(tmp_path: Path) -> None:
    with run_log(tmp_path) as log:
        for step in range(3):
            log(record(step))
            assert len(read_log(tmp_path)) == step + 1


def test_a_killed_process_loses_nothing_and_is_resumed(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from tests.test_run_log import *\n"
        "with run_log(Path(sys.argv[1])) as log:\n"
        "    for step in range(6): log(record(step))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed, undisturbed = tmp_path / "killed", tmp_path / "undisturbed"
    done = subprocess.run([sys.executable, "-c", code, killed], cwd=ROOT, check=False)
    assert done.returncode == -9
    assert logged(killed) == expected(range(6))
    times = [record.time for record in read_log(killed)]

    write(killed, range(4, 8), first_step=4)
    write(undisturbed, range(8))
    assert logged(killed) == logged(undisturbed) == expected(range(8))
    assert scalars(killed) == scalars(undisturbed)
    assert [record.time for record in read_log(killed)][:4] == times[:4]
    assert len(list(killed.glob("*tfevents*"))) == 2  # a viewer stalls when one goes


def test_a_clock_that_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, range(6))
    yesterday = time.time_ns() - 10**9 * 86_400
    monkeypatch.setattr(time, "time_ns", lambda: yesterday)
    for _ in range(2):
        write(tmp_path, range(4, 8), first_step=4)
    write(tmp_path / "undisturbed", range(8))
    assert scalars(tmp_path) == scalars(tmp_path / "undisturbed")
    assert len(list(tmp_path.glob("*tfevents*"))) == 3


def test_a_line_cut_short_is_dropped(tmp_path: Path) -> None:
    write(tmp_path, range(3))
    file = tmp_path / "log.jsonl"
    file.write_bytes(file.read_bytes()[:-20])
    assert logged(tmp_path) == expected(range(2))
    write(tmp_path, [2], first_step=3)
    assert logged(tmp_path) == expected(range(3))


def test_a_new_run_starts_with_an_empty_log(tmp_path: Path) -> None:
    write(tmp_path, range(3))
    write(tmp_path, [])
    assert read_log(tmp_path) == ()
    assert scalars(tmp_path) == []


def test_numbers_that_are_not_finite(tmp_path: Path) -> None:
    with run_log(tmp_path) as log:
        log(Record(0, 0, loss=[math.inf, -math.inf], gradient_norm=[math.nan]))
    fields = json.loads((tmp_path / "log.jsonl").read_text(), parse_constant=pytest.fail)
    assert fields["loss"] == fields["gradient_norm"] == "NaN"
    assert fields["loss_of_members"] == ["Infinity", "-Infinity"]
    write(tmp_path, [], first_step=1)
    (found,) = read_log(tmp_path)
    assert found.loss == (math.inf, -math.inf)
    assert found.gradient_norm is not None
    assert math.isnan(found.gradient_norm[0])
    assert math.isnan(scalars(tmp_path)[-1][2])


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "null", '{"step":1}', '{"step":"x","epoch":0}', '{"step":1,"epoch":0,"los":1}'],
)
def test_a_damaged_line_is_named_and_stays(tmp_path: Path, line: str) -> None:
    write(tmp_path, range(2))
    file = tmp_path / "log.jsonl"
    file.write_text(damaged := file.read_text().replace("\n", f"\n{line}\n", 1))
    with pytest.raises(InputError, match=r"log\.jsonl: line 2 is no record of a training; remove"):
        write(tmp_path, [], first_step=2)
    assert file.read_text() == damaged


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "run/log.jsonl").mkdir(parents=True)
    for name in ("file", "run"):
        with pytest.raises(InputError, match=rf"{name}/log\.jsonl: cannot be (read|written)"):
            write(tmp_path / name, [])


def test_an_error_of_the_training_is_not_the_logs(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), run_log(tmp_path):
        raise PermissionError("poses")
