"""What a training tells as it goes on: a JSON Lines log, and the same for TensorBoard."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from tensorboardX import RecordWriter
from tensorboardX.proto.event_pb2 import Event, SessionLog

from stgnf_jax import strict_json
from stgnf_jax.errors import InputError
from stgnf_jax.files import write_atomically

LOG_FILE = "log.jsonl"
# TensorBoard reads every file called like this, in the order of their names.
EVENTS_PREFIX = "events.out.tfevents."
_MEMBERS = "_of_members"
_BY_MEMBER = ("loss", "gradient_norm", "held_out_nll")


class Record(NamedTuple):
    """What is known after a step; None where nothing is.

    Attributes:
      step: the step, counted from 0.
      epoch: the epoch that the step belongs to, counted from 0.
      loss: (members,), bits per dimension.
      gradient_norm: (members,), before clipping.
      learning_rate: of the step.
      windows_per_second: since the record before.
      held_out_nll: (members,), bits per dimension, at the end of an epoch.
      time: seconds since 1970; the log puts it there.
    """

    step: int
    epoch: int
    loss: Sequence[float] | None = None
    gradient_norm: Sequence[float] | None = None
    learning_rate: float | None = None
    windows_per_second: float | None = None
    held_out_nll: Sequence[float] | None = None
    time: float | None = None


@contextmanager
def run_log(
    workdir: str | os.PathLike[str], first_step: int = 0
) -> Iterator[Callable[[Record], None]]:
    """Gives a function that appends a record to the logs of a run.

    A line of `log.jsonl` has the fields that are not None. Those with a number for each member hold
    the mean, and for more than one member `..._of_members` holds them all.

    Each record is handed to the operating system at once, so a killed process loses none. Whatever
    an earlier process logged at or after `first_step` is dropped, and so is a last line cut short;
    TensorBoard, which gets a further file, is told to forget it.

    Args:
      workdir: the run's folder; made when it is missing. One process at a time writes there.
      first_step: the first step that this process does, as many as were done before it.

    Raises:
      InputError: a log cannot be written, or the one there is damaged.
    """
    file = Path(workdir) / LOG_FILE
    kept = [record for record in read_log(workdir) if record.step < first_step]
    with write_atomically(file) as path:
        path.write_text("".join(map(_line, kept)), encoding="utf-8")
    with _writing(file):
        lines = file.open("a", encoding="utf-8")
        events = _new_events(file.parent, first_step)

    def log(record: Record) -> None:
        timed = record._replace(time=time.time())
        with _writing(file):
            lines.write(_line(timed))
            lines.flush()
            events.write(_event(timed))
            events.flush()

    try:
        yield log
    finally:
        with _writing(file), closing(lines), closing(events):
            pass


def read_log(workdir: str | os.PathLike[str]) -> tuple[Record, ...]:
    """The records of a run, without a last line that was cut short; none where there is no log.

    Raises:
      InputError: the log cannot be read or is damaged; names the line.
    """
    file = Path(workdir) / LOG_FILE
    try:
        lines = file.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=file) from error
    return tuple(_parse(file, number, line) for number, line in enumerate(lines, start=1))


def _parse(file: Path, number: int, line: bytes) -> Record:
    try:
        fields = orjson.loads(line)
        for name in _BY_MEMBER:
            if name in fields:
                values = fields.pop(name + _MEMBERS, [fields[name]])
                fields[name] = tuple(map(float, values))
        for name in set(fields) - {"step", "epoch", *_BY_MEMBER}:
            fields[name] = float(fields[name])
        fields["step"], fields["epoch"] = int(fields["step"]), int(fields["epoch"])
        return Record(**fields)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"line {number} is no record of a training; remove the line, or the file", file=file
        ) from error


def _fields(record: Record) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in record._asdict().items():
        if name not in _BY_MEMBER or value is None:
            fields[name] = value
            continue
        fields[name] = sum(value) / len(value)
        if len(value) > 1:
            fields[name + _MEMBERS] = list(value)
    return {name: value for name, value in fields.items() if value is not None}


def _line(record: Record) -> str:
    return strict_json.dumps(_fields(record)) + "\n"


def _event(record: Record) -> bytes:
    event = Event(step=record.step, wall_time=record.time)
    for name, value in _fields(record).items():
        if name.endswith(_MEMBERS):
            tag = name.removesuffix(_MEMBERS)
            for member, one in enumerate(value):
                event.summary.value.add(tag=f"{tag}/member_{member}", simple_value=one)
        elif name not in ("step", "time"):
            event.summary.value.add(tag=name, simple_value=value)
    return event.SerializeToString()


def _new_events(workdir: Path, first_step: int) -> RecordWriter:
    """A further file for TensorBoard: events from `first_step` on in earlier ones are void.

    Its name comes after theirs even where the clock has been put back.
    """
    names = (path.name.removeprefix(EVENTS_PREFIX) for path in workdir.glob(f"{EVENTS_PREFIX}*"))
    last = max((int(name) for name in names if name.isdecimal()), default=0)
    writer = RecordWriter(str(workdir / f"{EVENTS_PREFIX}{max(time.time_ns(), last + 1)}"))
    now, start = time.time(), SessionLog(status=SessionLog.START)
    writer.write(Event(wall_time=now, file_version="brain.Event:2").SerializeToString())
    writer.write(Event(wall_time=now, step=first_step, session_log=start).SerializeToString())
    writer.flush()
    return writer


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror or error})", file=file) from error
