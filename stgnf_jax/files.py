"""Writing files so that nobody ever reads half of one, and stdout while somebody reads it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stgnf_jax.errors import InputError


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


def write_stdout(data: bytes) -> bool:
    """Writes to stdout at once; False when no one reads it any more, as after `| head`."""
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # which Python would meet again when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True
