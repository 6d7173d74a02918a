"""Tracks on disk, by the content of the pose files, memory-mapped: a second run starts at once."""

import errno
import hashlib
import json
import os
import re
import shutil
import time
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from absl import logging
from numpy.typing import NDArray

from stgnf_jax.pose_json import FrameOrder
from stgnf_jax.poses import PoseFolder, Tracks, pose_files, read_folder
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
_ABANDONED_AFTER = 24 * 3600  # seconds


def load_folder(
    folder: str | os.PathLike[str],
    *,
    pose_file: re.Pattern[str],
    skeleton: Skeleton,
    frame_order: FrameOrder = "numeric",
    skip_bad: bool = False,
    cache_dir: str | os.PathLike[str] | None,
) -> PoseFolder:
    """`read_folder`, or the same from a cache on disk, with arrays that are memory-mapped.

    An entry of the cache is a folder named by a hash of the pose files and of the arguments. It
    appears whole or not at all, so processes may build it at the same time, and be killed. One
    that is damaged is built anew.

    Args:
      folder: where the pose files lie.
      pose_file: as `read_folder` takes it, and so the next three.
      skeleton: see there.
      frame_order: see there.
      skip_bad: see there.
      cache_dir: where the entries lie; None for no cache. When it cannot be written, a warning is
        logged and the work goes on without.

    Raises:
      InputError: as `read_folder`.
    """
    read = partial(
        read_folder,
        folder,
        pose_file=pose_file,
        skeleton=skeleton,
        frame_order=frame_order,
        skip_bad=skip_bad,
    )
    if cache_dir is None:
        return read()
    options = (pose_file.pattern, pose_file.flags, skeleton.sources, frame_order, skip_bad)
    try:
        key = _content_hash(folder, options)
    except OSError:
        return read()  # It meets the same file, and says which.
    entry = Path(cache_dir, key)
    cached = _load(entry, skeleton.num_joints)
    if cached is not None:
        return cached
    poses = read()
    try:
        if _content_hash(folder, options) != key:
            logging.warning("%s changed while it was read, so it is not cached", folder)
            return poses
        _store(entry, poses)
    except OSError as error:
        logging.warning("nothing is cached in %s (%s)", cache_dir, error)
        return poses
    return _load(entry, skeleton.num_joints) or poses


def _content_hash(folder: str | os.PathLike[str], options: tuple[object, ...]) -> str:
    digest = hashlib.blake2b(repr((_VERSION, *options)).encode(), digest_size=20)
    for path in pose_files(folder):
        with open(path, "rb") as file:
            content = hashlib.file_digest(file, "blake2b").hexdigest()
        digest.update(json.dumps([path.name, content]).encode())
    return digest.hexdigest()


def _load(entry: Path, num_joints: int) -> PoseFolder | None:
    """What an entry holds; None when there is none. Removes one that is damaged."""
    if not os.path.isdir(entry):
        return None
    try:
        arrays = {name: _map(entry / f"{name}.npy", dtype) for name, dtype in _DTYPES.items()}
        names = json.loads((entry / _NAMES).read_bytes())
        poses = PoseFolder(
            Tracks(**arrays, clips=_strings(names["clips"])), _strings(names["skipped"])
        )
        _check(poses.tracks, num_joints)
    except (OSError, KeyError, TypeError, ValueError) as error:
        logging.warning("%s: a damaged cache entry is built anew (%s)", entry, error)
        _remove_damaged(entry)
        return None
    return poses


def _map(path: Path, dtype: type[np.generic]) -> NDArray[Any]:
    array = np.lib.format.open_memmap(path, mode="r")  # Takes neither pickles nor archives.
    if array.dtype != dtype:
        raise ValueError(f"{path.name} is not an array of {np.dtype(dtype)}")
    return array


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


def _store(entry: Path, poses: PoseFolder) -> None:
    """Makes an entry beside its place and moves it there; leaves the one of another process."""
    entry.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(entry.parent)
    building = _beside(entry)
    building.mkdir()
    try:
        for name in _DTYPES:
            with open(building / f"{name}.npy", "xb") as file:
                np.save(file, getattr(poses.tracks, name), allow_pickle=False)
        names = {"clips": poses.tracks.clips, "skipped": poses.skipped}
        (building / _NAMES).write_text(json.dumps(names), encoding="utf-8")
        for path in (*building.iterdir(), building):
            _to_disk(path)
        os.rename(building, entry)
        _to_disk(entry.parent)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _beside(entry: Path) -> Path:
    return entry.with_name(f"{_BUILDING}{uuid.uuid4().hex}")


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_damaged(entry: Path) -> None:
    """Moves it out of the way first, so that nobody sees an entry that is going."""
    going = _beside(entry)
    try:
        os.rename(entry, going)
    except OSError as error:
        logging.warning("%s: cannot be removed (%s)", entry, error)
    shutil.rmtree(going, ignore_errors=True)


def _remove_abandoned(cache_dir: Path) -> None:
    """Removes what killed processes left."""
    for building in cache_dir.glob(f"{_BUILDING}*"):
        try:
            abandoned = time.time() - building.stat().st_mtime > _ABANDONED_AFTER
        except FileNotFoundError:
            continue  # Its process has just finished.
        if abandoned:
            shutil.rmtree(building, ignore_errors=True)
