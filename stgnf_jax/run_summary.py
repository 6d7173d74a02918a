"""One file that says what a training run is and what has become of it."""

import datetime
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from types import UnionType
from typing import Any, NamedTuple, get_origin, get_type_hints

from stgnf_jax import strict_json
from stgnf_jax.errors import InputError
from stgnf_jax.files import write_atomically
from stgnf_jax.format_version import migrated, versioned

SUMMARY_FILE = "summary.json"
PACKAGES = (
    *("stgnf-jax", "jax", "jaxlib", "flax", "optax", "distrax", "orbax-checkpoint"),
    *("numpy", "scipy", "scikit-learn", "tfp-nightly"),
)


class Achieved(NamedTuple):
    """How far a training has come, resumed ones from their first start on.

    Attributes:
      epochs: done.
      steps: done.
      windows_seen: in those steps, by all members together.
      loss: of the last step or epoch, bits per dimension, mean over the members; None before it.
      held_out_nll: the best so far, bits per dimension, mean over the members; None where nothing
        is held out.
    """

    epochs: int = 0
    steps: int = 0
    windows_seen: int = 0
    loss: float | None = None
    held_out_nll: float | None = None


class Summary(NamedTuple):
    """A training run.

    Attributes:
      config: the configuration.
      data_hash: of the poses it is trained on.
      windows: of those poses.
      examples: windows times augmentations, what an epoch goes through.
      normal_examples: those labelled normal.
      abnormal_examples: those labelled abnormal.
      seed: of the first member; the others have the numbers that follow.
      members: flows trained at once.
      parameters: of one member.
      device: its kind.
      devices: how many.
      processes: how many.
      versions: of Python and of the packages that figures may depend on.
      status: "running", "finished", "stopped" (by a signal) or "failed"; a process that was killed
        leaves "running".
      message: why it failed; "" otherwise.
      epochs, steps, windows_seen, loss, held_out_nll: see `Achieved`.
      windows_per_second: `windows_seen` over `wall_seconds`.
      started: UTC, ISO 8601, of the first process.
      updated: UTC, ISO 8601, when this was written: the end of a run that is not running.
      wall_seconds: of all the processes together.
    """

    config: dict[str, Any]
    data_hash: str
    windows: int
    examples: int
    normal_examples: int
    abnormal_examples: int
    seed: int
    members: int
    parameters: int
    device: str
    devices: int
    processes: int
    versions: dict[str, Any]
    status: str = "running"
    message: str = ""
    epochs: int = 0
    steps: int = 0
    windows_seen: int = 0
    loss: float | None = None
    held_out_nll: float | None = None
    windows_per_second: float = 0.0
    started: str = ""
    updated: str = ""
    wall_seconds: float = 0.0


@contextmanager
def summarised(
    workdir: str | os.PathLike[str], summary: Summary, stops: type[BaseException]
) -> Iterator[Callable[[Achieved], None]]:
    """Keeps `summary.json` in a run's folder, and gives a function that says how far the run is.

    What an earlier process of the same run has achieved, and the time it took, is taken over. At
    the end the status is "finished", or else what the exception that ends it makes it.

    Args:
      workdir: the run's folder; made when it is missing.
      summary: what the run is; all that comes after `versions` is filled in here.
      stops: what is raised when a run is asked to stop; KeyboardInterrupt counts too.

    Raises:
      InputError: the file cannot be written, or the one there is damaged.
    """
    current, began = _taken_over(workdir, summary), time.monotonic()
    spent = current.wall_seconds

    def write(achieved: Achieved, status: str = "running", message: str = "") -> None:
        nonlocal current
        wall = spent + time.monotonic() - began
        current = current._replace(
            **achieved._asdict(),
            status=status,
            message=message,
            windows_per_second=achieved.windows_seen / wall if wall else 0.0,
            updated=_now(),
            wall_seconds=wall,
        )
        save_summary(workdir, current)

    write(_achieved(current))
    try:
        yield write
    except BaseException as error:
        with suppress(InputError):  # what ended the run matters more
            write(_achieved(current), *_ending(error, stops))
        raise
    write(_achieved(current), "finished")


def versions() -> dict[str, str]:
    """The versions of Python and of those of `PACKAGES` that are installed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def save_summary(workdir: str | os.PathLike[str], summary: Summary) -> None:
    """Writes `summary.json` into a run's folder.

    Raises:
      InputError: it cannot be written.
    """
    with write_atomically(Path(workdir) / SUMMARY_FILE) as path:
        fields = versioned(summary._asdict())
        path.write_text(strict_json.dumps(fields, indented=True) + "\n", "utf-8")


def load_summary(workdir: str | os.PathLike[str]) -> Summary:
    """The summary of a run; fields that this version does not know are left out.

    Raises:
      InputError: there is none, or it is damaged; names the field.
    """
    file = Path(workdir) / SUMMARY_FILE
    read = strict_json.read_object(file, "the summary of a run")
    return Summary(**_checked(file, Summary._field_defaults | migrated(read, file)))


def check_same_poses(workdir: str | os.PathLike[str], data_hash: str) -> None:
    """Raises InputError if there is a run in a folder that was trained on other poses."""
    if not (Path(workdir) / SUMMARY_FILE).exists():
        return
    if load_summary(workdir).data_hash != data_hash:
        raise InputError(
            "the poses are not those that the run here was trained on; give another folder, or "
            "bring the poses back",
            file=workdir,
        )


def note_finished(
    workdir: str | os.PathLike[str],
    achieved: Achieved,
    loss_of: Callable[[str | os.PathLike[str], int], float | None],
) -> None:
    """Says that a run is finished whose last process ended between its last step and saying so.

    Args:
      workdir: of the run.
      achieved: how far it is, but for the loss.
      loss_of: from the folder and a step, counted from 0, to its loss; where that is not known, the
        one in the summary stays. Not asked where the run is known to be finished.

    Raises:
      InputError: the file is damaged or cannot be written.
    """
    if not (Path(workdir) / SUMMARY_FILE).exists():
        return
    summary = load_summary(workdir)
    if summary.status != "finished":
        loss = loss_of(workdir, achieved.steps - 1)
        known = achieved._replace(loss=summary.loss if loss is None else loss)._asdict()
        done = summary._replace(**known, status="finished", message="", updated=_now())
        save_summary(workdir, done)


def _checked(file: Path, read: dict[str, Any]) -> dict[str, Any]:
    fields = {}
    for name, hint in get_type_hints(Summary).items():
        kind = hint if isinstance(hint, UnionType) else get_origin(hint) or hint
        value = read.get(name)
        if isinstance(value, str | int) and isinstance(0.0, kind):
            with suppress(ValueError, OverflowError):
                value = float(value)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise InputError(
                "is missing or of the wrong type; the run's log may say what it was",
                file=file,
                field=name,
            )
        fields[name] = value
    return fields


def _taken_over(workdir: str | os.PathLike[str], summary: Summary) -> Summary:
    if not (Path(workdir) / SUMMARY_FILE).exists():
        return summary._replace(started=_now())
    earlier = load_summary(workdir)
    return summary._replace(
        **_achieved(earlier)._asdict(), started=earlier.started, wall_seconds=earlier.wall_seconds
    )


def _achieved(summary: Summary) -> Achieved:
    return Achieved(*(getattr(summary, name) for name in Achieved._fields))


def _ending(error: BaseException, stops: type[BaseException]) -> tuple[str, str]:
    """Status and message of a run that an exception ends."""
    if isinstance(error, KeyboardInterrupt | stops):
        return "stopped", ""
    return "failed", str(error) if isinstance(error, InputError) else repr(error)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
