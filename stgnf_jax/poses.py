"""A folder of pose files to tracks: every detection once (paper section 4.1)."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.errors import InputError
from stgnf_jax.pose_json import FrameOrder, Report, read_people
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
    """What a folder of pose files holds.

    Attributes:
      tracks: every detection that can be used.
      skipped: one message for each frame, person or file that was left out.
    """

    tracks: Tracks
    skipped: tuple[str, ...]


def read_folder(
    folder: str | os.PathLike[str],
    *,
    pose_file: re.Pattern[str],
    skeleton: Skeleton,
    frame_order: FrameOrder = "numeric",
    skip_bad: bool = False,
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

    Raises:
      InputError: there is no such folder or no pose file in it, or something in a file cannot be
        used, in which case the message names file, person, frame and field.
    """
    clips: dict[str, Tracks] = {}
    skipped: list[str] = []
    for path in pose_files(folder):
        faults: list[InputError] = []
        try:
            clip = _clip_name(path.name, pose_file, clips)
            report = faults.append if skip_bad else _fail
            clips[clip] = _read_clip(path, clip, skeleton, frame_order, report)
        except InputError as error:
            if not skip_bad:
                raise error.at(path) from error
            faults.append(error)
        skipped += [str(fault.at(path.name)) for fault in faults]
    if not clips:
        raise InputError(f"has no pose file that can be used; the first: {skipped[0]}", file=folder)
    return PoseFolder(_join(list(clips.values())), tuple(skipped))


def pose_files(folder: str | os.PathLike[str]) -> list[Path]:
    """The `*.json` of a folder, sorted by name.

    Raises:
      InputError: the folder cannot be read, or there is none.
    """
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".json"))
    except OSError as error:
        raise InputError(
            f"is no folder that can be read ({error.strerror}); give the folder of the pose files",
            file=folder,
        ) from error
    if not names:
        raise InputError("has no *.json; give the folder of the pose files", file=folder)
    return [Path(folder, name) for name in names]


def _fail(error: InputError) -> None:
    raise error


def _clip_name(name: str, pose_file: re.Pattern[str], taken: Iterable[str]) -> str:
    match = pose_file.fullmatch(name)
    if match is None:
        raise InputError(f"is not named like a pose file, expected {pose_file.pattern}")
    clip = match["clip"]
    if not clip.isprintable():
        raise InputError("has a name with bytes that are no text; rename it")
    if clip in taken:
        raise InputError(f"is a second file of clip {clip}; keep one")
    return clip


def _read_clip(
    path: Path, clip: str, skeleton: Skeleton, frame_order: FrameOrder, report: Report
) -> Tracks:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})") from error
    people = read_people(raw, skeleton.num_file_joints, frame_order, report)
    keypoints = [np.empty((0, skeleton.num_file_joints, 3)), *(one.keypoints for one in people)]
    return Tracks(
        keypoints=_joints(np.concatenate(keypoints), skeleton),
        score=np.concatenate([np.empty(0), *(one.score for one in people)]).astype(np.float32),
        frame=np.concatenate([np.empty(0, np.int32), *(one.frame for one in people)]),
        person=np.array([one.number for one in people], np.int64),
        clip=np.zeros(len(people), np.int32),
        offsets=np.cumsum([0, *(len(one.frame) for one in people)], dtype=np.int64),
        clips=(clip,),
    )


def _joints(keypoints: NDArray[np.float64], skeleton: Skeleton) -> NDArray[np.float32]:
    """Joints of a file to joints of the skeleton, (D, J, 3) to (D, V, 3)."""
    joints = [keypoints[:, source].mean(1) for source in skeleton.sources]
    return np.stack(joints, 1).astype(np.float32)


def _join(clips: list[Tracks]) -> Tracks:
    """One after the other; each holds one clip."""
    lengths = np.concatenate([np.diff(one.offsets) for one in clips])
    return Tracks(
        keypoints=np.concatenate([one.keypoints for one in clips]),
        score=np.concatenate([one.score for one in clips]),
        frame=np.concatenate([one.frame for one in clips]),
        person=np.concatenate([one.person for one in clips]),
        clip=np.repeat(np.arange(len(clips), dtype=np.int32), [len(one.person) for one in clips]),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        clips=tuple(name for one in clips for name in one.clips),
    )
