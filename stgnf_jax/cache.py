"""Tracks on disk, by the content of the pose files, memory-mapped: a second run starts at once."""

import errno
import hashlib
import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from absl import logging

from stgnf_jax.npy_files import growing_array, map_array
from stgnf_jax.pose_files import hash_files, join_hashes, list_files
from stgnf_jax.pose_json import FrameOrder
from stgnf_jax.poses import PoseFolder, Reading, Tracks, added_rows, join, read_files
from stgnf_jax.skeleton import Skeleton

# Part of the key: raise it when the same files would give other arrays than before.
_VERSION = 1
_DTYPES: dict[str, type[np.generic]] = {
    "keypoints": np.float32,
    "score": np.float32,
    "frame": np.int32,
    "person": np.int64,
    "clip": np.int32,
    "offsets": np.int64,
}
_NAMES = "names.json"
_BUILDING = ".building-"
_ABANDONED_AFTER = 3600  # seconds without a byte written


def load_folder(
    folder: str | os.PathLike[str],
    *,
    pose_file: re.Pattern[str],
    skeleton: Skeleton,
    frame_order: FrameOrder = "numeric",
    skip_bad: bool = False,
    leaves_out: Callable[[str], bool] | None = None,
    cache_dir: str | os.PathLike[str] | None,
) -> PoseFolder:
    """`read_folder`, or the same from a cache on disk, with arrays that are memory-mapped.

    An entry of the cache is a folder named by a hash of the pose files and of the arguments. It is
    written file by file, so that no more than one of them is in memory. It appears whole or not at
    all, so processes may build it at the same time, and be killed. One that is damaged is built
    anew.

    Args:
      folder: where the pose files lie.
      pose_file: as `read_folder` takes it, and so the next four.
      skeleton: see there.
      frame_order: see there.
      skip_bad: see there.
      leaves_out: see there.
      cache_dir: where the entries lie; None for no cache. When it cannot be written, a warning is
        logged and the work goes on without, in memory.

    Raises:
      InputError: as `read_folder`.
    """
    paths = list_files(folder, pose_file, leaves_out)
    reading = Reading(pose_file, skeleton, frame_order, skip_bad)
    if cache_dir is None:
        return join(read_files(paths, reading))
    try:
        content_hash = hash_files(paths)
    except OSError:
        return join(read_files(paths, reading))  # It meets the same file, and says which.
    entry = _entry(cache_dir, reading, content_hash)
    cached = _load(entry, skeleton.num_joints, content_hash)
    if cached is not None:
        return cached
    try:
        content_hash, entry = _build(cache_dir, paths, reading)
    except OSError as error:
        logging.warning("nothing is cached in %s (%s)", cache_dir, error)
        return join(read_files(paths, reading))
    built = _load(entry, skeleton.num_joints, content_hash)
    return built or join(read_files(paths, reading))


def _entry(cache_dir: str | os.PathLike[str], reading: Reading, content_hash: str) -> Path:
    pattern, sources = reading.pose_file, reading.skeleton.sources
    options = (pattern.pattern, pattern.flags, sources, reading.frame_order, reading.skip_bad)
    key = repr((_VERSION, *options, content_hash))
    return Path(cache_dir, hashlib.blake2b(key.encode(), digest_size=20).hexdigest())


def _load(entry: Path, num_joints: int, content_hash: str) -> PoseFolder | None:
    """What an entry holds; None when there is none. Removes one that is damaged."""
    if not os.path.isdir(entry):
        return None
    try:
        arrays = {name: map_array(entry / f"{name}.npy", dtype) for name, dtype in _DTYPES.items()}
        names = json.loads((entry / _NAMES).read_bytes())
        tracks = Tracks(**arrays, clips=_strings(names["clips"]))
        _check(tracks, num_joints)
        return PoseFolder(tracks, _strings(names["skipped"]), content_hash)
    except (OSError, KeyError, RecursionError, TypeError, ValueError) as error:
        logging.warning("%s: a damaged cache entry is built anew (%s)", entry, error)
        _remove_damaged(entry)
        return None


def _strings(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{_NAMES} does not hold lists of strings")
    return tuple(values)


def _check(tracks: Tracks, num_joints: int) -> None:
    """Raises ValueError where the arrays do not fit together."""
    detections, people = len(tracks.frame), len(tracks.person)
    fits = (
        tracks.keypoints.shape == (detections, num_joints, 3)
        and tracks.score.shape == tracks.frame.shape == (detections,)
        and tracks.person.shape == tracks.clip.shape == (people,)
        and tracks.offsets.shape == (people + 1,)
        and tracks.offsets[0] == 0
        and tracks.offsets[-1] == detections
        and (np.diff(tracks.offsets) > 0).all()
        and (np.diff(tracks.clip) >= 0).all()
        and ((tracks.clip >= 0) & (tracks.clip < len(tracks.clips))).all()
    )
    if not fits:
        raise ValueError("its arrays do not fit together")


def _build(
    cache_dir: str | os.PathLike[str], paths: Iterable[Path], reading: Reading
) -> tuple[str, Path]:
    """Makes an entry beside its place and moves it there; leaves the one of another process.

    Returns:
      The hash of what was read, which names the entry even where files have just been changed, and
      the entry.
    """
    Path(cache_dir).mkdir(parents=True, exist_ok=True)
    _remove_abandoned(Path(cache_dir))
    building = _beside(cache_dir)
    building.mkdir()
    try:
        files = read_files(paths, reading)
        content_hash = _write(building, files, reading.skeleton.num_joints)
        entry = _entry(cache_dir, reading, content_hash)
        for path in (*building.iterdir(), building):
            _to_disk(path)
        _move(building, entry)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return content_hash, entry


def _write(building: Path, files: Iterable[PoseFolder], num_joints: int) -> str:
    """Writes an entry's files one pose file after the other; gives the hash of what they held."""
    clips: list[str] = []
    skipped: list[str] = []
    hashes: list[str] = []
    rows = dict.fromkeys(_DTYPES, ()) | {"keypoints": (num_joints, 3)}
    with ExitStack() as stack:
        append = {
            name: stack.enter_context(growing_array(building / f"{name}.npy", dtype, rows[name]))
            for name, dtype in _DTYPES.items()
        }
        for file in added_rows(files):
            for name in _DTYPES:
                append[name](getattr(file.tracks, name))
            clips += file.tracks.clips
            skipped += file.skipped
            hashes.append(file.content_hash)
    (building / _NAMES).write_text(json.dumps({"clips": clips, "skipped": skipped}), "utf-8")
    return join_hashes(hashes)


def _move(building: Path, entry: Path) -> None:
    try:
        os.rename(building, entry)
        _to_disk(entry.parent)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise


def _beside(cache_dir: str | os.PathLike[str]) -> Path:
    return Path(cache_dir, f"{_BUILDING}{uuid.uuid4().hex}")


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_damaged(entry: Path) -> None:
    """Moves it out of the way first, so that nobody sees an entry that is going."""
    going = _beside(entry.parent)
    try:
        os.rename(entry, going)
    except OSError as error:
        logging.warning("%s: cannot be removed (%s)", entry, error)
    shutil.rmtree(going, ignore_errors=True)


def _remove_abandoned(cache_dir: Path) -> None:
    """Removes what killed processes left: nothing has been written there for long."""
    for building in cache_dir.glob(f"{_BUILDING}*"):
        try:
            written = max(path.stat().st_mtime for path in (building, *building.iterdir()))
        except FileNotFoundError:
            continue  # Its process has just finished.
        if time.time() - written > _ABANDONED_AFTER:
            shutil.rmtree(building, ignore_errors=True)
