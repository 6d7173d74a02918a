"""Whatever holds poses, as tracks: a folder, a pose file, arrays in memory."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.errors import InputError
from stgnf_jax.pose_json import LARGEST_VALUE
from stgnf_jax.poses import Reading, Tracks, join, joints_of_file, read_files, read_folder
from stgnf_jax.skeleton import Skeleton

Poses = str | os.PathLike[str] | Tracks | Sequence[NDArray[np.floating]] | NDArray[np.floating]


def as_tracks(poses: Poses, skeleton: Skeleton) -> Tracks:
    """Poses as tracks.

    Args:
      poses: a folder of pose files, a clip each; one such file; tracks, which stay as they are; or
        arrays (F, J, C), one a person, of one clip called "": frames from 0 on, joints as in pose
        files or as in the skeleton, x and y in pixels and, where C is 3, confidence. Frames that
        are all NaN are those in which a person is not there.
      skeleton: of the model.

    Raises:
      InputError: anything wrong with the poses; names file, person, frame and field.
    """
    if isinstance(poses, Tracks):
        return poses
    if not isinstance(poses, str | os.PathLike):
        return _tracks_of_arrays([np.asarray(person, float) for person in poses], skeleton)
    pose_file, path = BENCHMARKS["custom"].pose_file, Path(poses)
    if path.is_dir():
        return read_folder(path, pose_file=pose_file, skeleton=skeleton).tracks
    reading = Reading(pose_file, skeleton, "numeric", skip_bad=False)
    return join(read_files([path], reading)).tracks


def _tracks_of_arrays(people: Sequence[NDArray[np.float64]], skeleton: Skeleton) -> Tracks:
    keypoints = [np.empty((0, skeleton.num_joints, 3), np.float32)]
    frames, numbers = [np.empty(0, np.int32)], []
    for number, person in enumerate(people):
        _check_shape(number, person, skeleton)
        frame = np.flatnonzero(~np.isnan(person).all((1, 2))).astype(np.int32)
        if frame.size:
            _check_values(number, person, frame)
            keypoints.append(_joints(person[frame], skeleton))
            frames.append(frame)
            numbers.append(number)
    return Tracks(
        keypoints=np.concatenate(keypoints),
        score=np.full(sum(map(len, frames)), np.nan, np.float32),
        frame=np.concatenate(frames),
        person=np.array(numbers, np.int64),
        clip=np.zeros(len(numbers), np.int32),
        offsets=np.cumsum([len(frame) for frame in frames], dtype=np.int64),
        clips=("",),
    )


def _joints(person: NDArray[np.float64], skeleton: Skeleton) -> NDArray[np.float32]:
    if person.shape[2] == 2:  # (F, J, 2) to (F, J, 3)
        person = np.concatenate([person, np.ones((*person.shape[:2], 1))], 2)
    if person.shape[1] == skeleton.num_file_joints:
        return joints_of_file(person, skeleton)
    return person.astype(np.float32)


def _check_shape(number: int, person: NDArray[np.float64], skeleton: Skeleton) -> None:
    joints = (skeleton.num_file_joints, skeleton.num_joints)
    if person.ndim != 3 or person.shape[1] not in joints or person.shape[2] not in (2, 3):
        expected = " or ".join(map(str, dict.fromkeys(joints)))
        raise InputError(
            f"has shape {person.shape}, expected (frames, {expected}, 2 or 3)", person=number
        )


def _check_values(number: int, person: NDArray[np.float64], frame: NDArray[np.int32]) -> None:
    unusable = frame[~(np.abs(person[frame]) <= LARGEST_VALUE).all((1, 2))]
    if unusable.size:
        raise InputError(
            f"holds what is no number of size {LARGEST_VALUE:g} at most; a frame without the"
            " person is NaN all over",
            person=number,
            frame=unusable[0],
            field="keypoints",
        )
