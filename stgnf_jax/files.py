"""Writing files so that nobody ever reads half of one, and stdout while somebody reads it."""

import os
import select
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stgnf_jax.errors import InputError

# Seconds between two looks whether to go on waiting for stdout.
LOOK_UP = 0.1


def check_folder(path: str | os.PathLike[str]) -> None:
    """Checks that a path can be a folder: asked for before the work whose results go there.

    Raises:
      InputError: there is a file in its place.
    """
    if Path(path).exists() and not Path(path).is_dir():
        raise InputError("is a file, and a folder is needed; give another", file=path)


@contextmanager
def write_atomically(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Gives a temporary name beside `path` to write to, which becomes `path` when all went well.

    The folder is made when it is missing. The temporary name ends as `path` does, and is gone
    afterwards, whatever happened.

    Raises:
      InputError: the file cannot be written: a full disk, a read-only folder, a file in its place.
    """
    path = Path(path)
    partial = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        check_folder(path.parent)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            with open(partial, "rb") as file:
                os.fsync(file.fileno())
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror or error})", file=path) from error


@contextmanager
def write_folder_atomically(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Gives a new folder beside `path` to write files to, which becomes `path` when all went well.

    Raises:
      InputError: there is something at `path` already, or it cannot be written.
    """
    path = Path(path)
    if path.exists():
        raise InputError("exists already; give another folder, or remove it", file=path)
    partial = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        try:
            partial.mkdir(parents=True)
            yield partial
            for file in partial.iterdir():
                with open(file, "rb") as opened:
                    os.fsync(opened.fileno())
            os.replace(partial, path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror or error})", file=path) from error


def write_stdout(data: bytes, give_up: Callable[[], bool] = lambda: False) -> bool:
    """Writes to stdout at once; False when no one reads it any more, as after `| head`.

    Args:
      data: what to write.
      give_up: is asked now and again while stdout takes nothing; when it says so, the rest is not
        written, and that is False too.
    """
    left, stdout = memoryview(data), sys.stdout.fileno()
    try:
        while left:
            if select.select([], [stdout], [], LOOK_UP)[1]:
                left = left[os.write(stdout, left[: select.PIPE_BUF]) :]  # so much never waits
            elif give_up():
                return False
    except BrokenPipeError:  # which Python would meet again when it ends
        drop_stdout()
        return False
    return True


def drop_stdout() -> None:
    """Lets nobody read what is written to stdout from now on."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
