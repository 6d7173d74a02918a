"""The pose files of a folder: which they are, and a hash of what they hold."""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from stgnf_jax.errors import InputError


def list_files(
    folder: str | os.PathLike[str],
    pose_file: re.Pattern[str],
    leaves_out: Callable[[str], bool] | None = None,
) -> list[Path]:
    """The `*.json` of a folder, sorted by name, without those of clips that are passed over.

    Hidden ones are left out: a killed process leaves half-written files under such names.

    Raises:
      InputError: the folder cannot be read, or there is none.
    """
    try:
        found = (name for name in os.listdir(folder) if not name.startswith("."))
        names = sorted(name for name in found if name.endswith(".json"))
    except OSError as error:
        raise InputError(
            f"is no folder that can be read ({error.strerror}); give the folder of the pose files",
            file=folder,
        ) from error
    if leaves_out is not None:
        clips = {name: pose_file.fullmatch(name) for name in names}
        names = [name for name, clip in clips.items() if not (clip and leaves_out(clip["clip"]))]
    if not names:
        raise InputError("has no *.json; give the folder of the pose files", file=folder)
    return [Path(folder, name) for name in names]


def clip_name(name: str, pose_file: re.Pattern[str], taken: Iterable[str]) -> str:
    """The clip whose file has this name.

    Raises:
      InputError: it is not named like a pose file, or like one of a clip that is taken.
    """
    match = pose_file.fullmatch(name)
    if match is None:
        raise InputError(f"is not named like a pose file, expected {pose_file.pattern}")
    clip = match["clip"]
    if not clip.isprintable():
        raise InputError("has a name with bytes that are no text; rename it")
    if clip in taken:
        raise InputError(f"is a second file of clip {clip}; keep one")
    return clip


def hash_files(paths: Iterable[Path]) -> str:
    """`join_hashes` of all files.

    Raises:
      OSError: one cannot be read.
    """

    def file_hash(path: Path) -> str:
        with open(path, "rb") as file:
            return _named(path, hashlib.file_digest(file, "blake2b").hexdigest())

    return join_hashes(map(file_hash, paths))


def hash_file(path: Path, raw: bytes | None) -> str:
    """A hash of a file's name and of its bytes, None for one that cannot be read."""
    return _named(path, None if raw is None else hashlib.blake2b(raw).hexdigest())


def _named(path: Path, content: str | None) -> str:
    return _hash(json.dumps([path.name, content]))


def join_hashes(hashes: Iterable[str]) -> str:
    """The content hash of files from the hash of each, in their order."""
    return _hash("".join(hashes))


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=20).hexdigest()
