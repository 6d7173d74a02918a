"""Writing files so that nobody ever reads half of one, and stdout while somebody reads it."""

import fcntl
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
    afterwards; what a killed process leaves there, the next that writes `path` uses again.

    Raises:
      InputError: the file cannot be written: a full disk, a read-only folder, a file in its place.
    """
    path = Path(path)
    try:
        check_folder(path.parent)
        path.parent.mkdir(parents=True, exist_ok=True)
        with _reserved(path, Path.touch) as partial:
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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _reserved(path, _make_folder) as partial:
            try:
                _remove_files(partial)
                yield partial
                for file in partial.iterdir():
                    with open(file, "rb") as opened:
                        os.fsync(opened.fileno())
                os.replace(partial, path)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror or error})", file=path) from error


@contextmanager
def _reserved(path: Path, make: Callable[[Path], object]) -> Iterator[Path]:
    """A name beside `path` for this process alone, at which `make` has made something.

    It is the same every time, so that nothing piles up. Where another process is writing there, or
    the file system keeps no locks, this process's number is in it instead.
    """
    common = path.with_name(f".partial.{path.name}")
    descriptor = _hold(common, make)
    try:
        partial = path.with_name(f".{os.getpid()}.{path.name}") if descriptor is None else common
        make(partial)
        yield partial
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _hold(path: Path, make: Callable[[Path], object]) -> int | None:
    """The open descriptor of a file or folder that is locked until it is closed; None if taken."""
    descriptor = None
    try:
        make(path)
        descriptor = os.open(path, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), os.stat(path)):
            return descriptor
    except OSError:
        pass  # What is really wrong, the writing itself meets and tells.
    if descriptor is not None:
        os.close(descriptor)
    return None


def _make_folder(path: Path) -> None:
    path.mkdir(exist_ok=True)


def _remove_files(folder: Path) -> None:
    """Removes what a killed process has left."""
    for file in folder.iterdir():
        file.unlink()


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
