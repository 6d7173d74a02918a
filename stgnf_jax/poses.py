"""A folder of pose files to tracks: every detection once (paper section 4.1)."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.errors import InputError
from stgnf_jax.pose_files import clip_name, hash_file, join_hashes, list_files
from stgnf_jax.pose_json import FrameOrder, Person, read_people
from stgnf_jax.skeleton import Skeleton


class Tracks(NamedTuple):
    """All detections of a folder, by clip, then person, then frame: D detections in P tracks.

    A track is one person in one clip. It has at least one detection.

    Attributes:
      keypoints: (D, V, 3) float32, [x, y, confidence], x and y in pixels.
      score: (D,) float32, the detector's score as the file gives it, NaN where it gives none.
      frame: (D,) int32, the frame's number.
      person: (P,) int64, the person's number in its clip.
      clip: (P,) int32, index into `clips`.
      offsets: (P + 1,) int64; track p has the detections offsets[p] to offsets[p + 1].
      clips: the names of all clips, those without people too.
    """

    keypoints: NDArray[np.float32]
    score: NDArray[np.float32]
    frame: NDArray[np.int32]
    person: NDArray[np.int64]
    clip: NDArray[np.int32]
    offsets: NDArray[np.int64]
    clips: tuple[str, ...]


class PoseFolder(NamedTuple):
    """What a folder of pose files holds, or one of its files.

    Attributes:
      tracks: every detection that can be used.
      skipped: one message for each frame, person or file that was left out.
      content_hash: of the files' names and contents.
    """

    tracks: Tracks
    skipped: tuple[str, ...]
    content_hash: str


class Reading(NamedTuple):
    """How files are read: see `read_folder`."""

    pose_file: re.Pattern[str]
    skeleton: Skeleton
    frame_order: FrameOrder
    skip_bad: bool


def read_folder(
    folder: str | os.PathLike[str],
    *,
    pose_file: re.Pattern[str],
    skeleton: Skeleton,
    frame_order: FrameOrder = "numeric",
    skip_bad: bool = False,
    leaves_out: Callable[[str], bool] | None = None,
) -> PoseFolder:
    """Reads every `*.json` of a folder, one clip each.

    Clips are in the order of their file names, persons in that of their numbers.

    Args:
      folder: where the files lie.
      pose_file: must match each file's whole name; its group `clip` is the clip's name.
      skeleton: says which joints of a file make which joint.
      frame_order: how the frames of a person sort: as numbers, or as the strings in the file,
        which is what the published system does. The two differ where frame numbers outgrow the
        zeros in front of them: "1000" comes before "999".
      skip_bad: leave out the frame, person or file that cannot be used, instead of failing.
      leaves_out: whether the clip of a name is passed over, as if its file were not there.

    Raises:
      InputError: there is no such folder or no pose file in it, or something in a file cannot be
        used, in which case the message names file, person, frame and field.
    """
    paths = list_files(folder, pose_file, leaves_out)
    return join(read_files(paths, Reading(pose_file, skeleton, frame_order, skip_bad)))


def read_files(paths: Iterable[Path], reading: Reading) -> Iterator[PoseFolder]:
    """What each file holds: one clip, or none where the file cannot be used.

    Only one file at a time is in memory.

    Raises:
      InputError: as `read_folder`.
    """
    taken: set[str] = set()
    first_fault = ""
    for path in paths:
        file = _read_file(path, taken, reading)
        yield file
        taken.update(file.tracks.clips)
        first_fault = first_fault or "".join(file.skipped[:1])
    if not taken:
        reason = f"has no pose file that can be used; the first: {first_fault}"
        raise InputError(reason, file=path.parent)


def _read_file(path: Path, taken: set[str], reading: Reading) -> PoseFolder:
    skipped: list[str] = []

    def report(error: InputError) -> None:
        if not reading.skip_bad:
            raise error
        skipped.append(str(error.at(path.name)))

    tracks, raw = _clip_tracks((), [], reading.skeleton), None
    try:
        raw = _read_bytes(path)
        clip = clip_name(path.name, reading.pose_file, taken)
        joints = reading.skeleton.num_file_joints
        people = read_people(raw, joints, reading.frame_order, report)
        tracks = _clip_tracks((clip,), people, reading.skeleton)
    except InputError as error:
        if not reading.skip_bad:
            raise error.at(path) from error
        report(error)
    return PoseFolder(tracks, tuple(skipped), hash_file(path, raw))


def join(files: Iterable[PoseFolder]) -> PoseFolder:
    """The folder of some files, in memory."""
    parts = list(files)
    rows = [part.tracks for part in added_rows(parts)]
    return PoseFolder(
        Tracks(
            keypoints=np.concatenate([more.keypoints for more in rows]),
            score=np.concatenate([more.score for more in rows]),
            frame=np.concatenate([more.frame for more in rows]),
            person=np.concatenate([more.person for more in rows]),
            clip=np.concatenate([more.clip for more in rows]),
            offsets=np.concatenate([more.offsets for more in rows]),
            clips=tuple(name for more in rows for name in more.clips),
        ),
        tuple(message for part in parts for message in part.skipped),
        join_hashes(part.content_hash for part in parts),
    )


def added_rows(files: Iterable[PoseFolder]) -> Iterator[PoseFolder]:
    """Files with, in place of their own tracks, what these add to the arrays of the folder's.

    Clip numbers and offsets go on from one file to the next; only the first has the 0 that offsets
    begin with.
    """
    detections = clips = 0
    for number, file in enumerate(files):
        tracks = file.tracks
        offsets = tracks.offsets[min(number, 1) :] + detections
        yield file._replace(tracks=tracks._replace(clip=tracks.clip + clips, offsets=offsets))
        detections += len(tracks.frame)
        clips += len(tracks.clips)


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})") from error


def _clip_tracks(clips: tuple[str, ...], people: list[Person], skeleton: Skeleton) -> Tracks:
    """The tracks of one clip, or of none."""
    keypoints = [np.empty((0, skeleton.num_file_joints, 3)), *(one.keypoints for one in people)]
    return Tracks(
        keypoints=joints_of_file(np.concatenate(keypoints), skeleton),
        score=np.concatenate([np.empty(0), *(one.score for one in people)]).astype(np.float32),
        frame=np.concatenate([np.empty(0, np.int32), *(one.frame for one in people)]),
        person=np.array([one.number for one in people], np.int64),
        clip=np.zeros(len(people), np.int32),
        offsets=np.cumsum([0, *(len(one.frame) for one in people)], dtype=np.int64),
        clips=clips,
    )


def joints_of_file(keypoints: NDArray[np.float64], skeleton: Skeleton) -> NDArray[np.float32]:
    """The skeleton's joints from those of a pose file, (D, J, 3) to (D, V, 3)."""
    joints = [keypoints[:, source].mean(1) for source in skeleton.sources]
    return np.stack(joints, 1).astype(np.float32)
