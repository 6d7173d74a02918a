"""A file that lists the clips that are evaluated."""

import os
import re
from pathlib import Path

from stgnf_jax.datasets import Benchmark, without_zeros
from stgnf_jax.errors import InputError
from stgnf_jax.pose_files import list_files


def only_listed(
    benchmark: Benchmark, file: str | os.PathLike[str], poses: str | os.PathLike[str]
) -> Benchmark:
    """A benchmark that leaves out what a file does not list, beside what it leaves out anyway.

    Args:
      benchmark: how pose files are named.
      file: text with the name of one clip a line. Zeros in front of its numbers do not matter; a
        `#` at the start of a line or after a space begins a comment.
      poses: the folder of the pose files.

    Raises:
      InputError: the file cannot be read or lists no clip, or one of them has no pose file.
    """
    names = _read_names(file)
    files = list_files(poses, benchmark.pose_file, benchmark.leaves_out)
    matches = (benchmark.pose_file.fullmatch(path.name) for path in files)
    there = {without_zeros(match["clip"]) for match in matches if match}
    for line, name in names.items():
        if without_zeros(name) not in there:
            raise InputError(
                f"clip {name} has no pose file in {os.fspath(poses)}, or config.data.benchmark "
                "leaves it out",
                file=f"{os.fspath(file)}: line {line}",
            )
    return benchmark._replace(only=frozenset(map(without_zeros, names.values())))


def _read_names(file: str | os.PathLike[str]) -> dict[int, str]:
    """The names of clips by the numbers of their lines."""
    try:
        lines = Path(file).read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=file) from error
    except UnicodeDecodeError as error:
        raise InputError("is not text in UTF-8; save it as that", file=file) from error
    plain = (re.split(r"(?:^|\s)#", line)[0].strip() for line in lines)
    names = {number: name for number, name in enumerate(plain, start=1) if name}
    if not names:
        raise InputError("lists no clip; write the name of one a line", file=file)
    return names
