"""Which training poses and windows are abnormal (paper sections 3.3 and 4.3)."""

from pathlib import Path

import numpy as np
from ml_collections import ConfigDict
from numpy.typing import NDArray

from stgnf_jax.datasets import BENCHMARKS, Benchmark
from stgnf_jax.errors import InputError
from stgnf_jax.ground_truth import read_masks
from stgnf_jax.instance_masks import abnormal_on_masks
from stgnf_jax.label_spans import abnormal_in_spans
from stgnf_jax.poses import Tracks

# What labels can be read from: a file of spans, frame masks like those of the test clips, or
# UBnormal's annotations.
LABEL_KINDS = ("spans", "frame_masks", "instance_masks")


def abnormal_poses(data: ConfigDict, tracks: Tracks) -> NDArray[np.bool_]:
    """Which poses are abnormal, (D,), by what a configuration names; none where it names nothing.

    Args:
      data: the section `data` of a configuration.
      tracks: the poses.

    Raises:
      InputError: anything wrong with the labels.
    """
    if not data.train_labels:
        return np.zeros(len(tracks.frame), bool)
    path = Path(data.root, data.train_labels)
    match data.train_label_kind:
        case "spans":
            return abnormal_in_spans(path, tracks)
        case "frame_masks":
            return abnormal_in_frames(path, tracks, BENCHMARKS[data.benchmark])
        case "instance_masks":
            return abnormal_on_masks(path, tracks, data.train_label_resolution)
    raise InputError(
        f"must be one of {', '.join(LABEL_KINDS)}, got {data.train_label_kind!r}",
        field="config.data.train_label_kind",
    )


def abnormal_in_frames(folder: Path, tracks: Tracks, benchmark: Benchmark) -> NDArray[np.bool_]:
    """Which poses are in abnormal frames, (D,): every person there counts as abnormal.

    Args:
      folder: holds a mask a clip, named and read as the benchmark's masks are.
      tracks: the poses.
      benchmark: whose masks they are.

    Raises:
      InputError: a mask is missing, is none, or is shorter than its clip.
    """
    normal = read_masks(folder, tracks.clips, benchmark)
    clip = clip_of_pose(tracks)
    length = np.array([len(mask) for mask in normal])
    beyond = np.flatnonzero(tracks.frame >= length[clip])
    if beyond.size:
        pose = beyond[0]
        name = tracks.clips[clip[pose]]
        raise InputError(
            f"is beyond the mask of clip {name}, which has {length[clip[pose]]} frames",
            file=folder / benchmark.mask_name(name),
            person=tracks.person[np.searchsorted(tracks.offsets, pose, "right") - 1],
            frame=tracks.frame[pose],
        )
    first = np.cumsum(length) - length
    return ~np.concatenate(normal)[first[clip] + tracks.frame]


def clip_of_pose(tracks: Tracks) -> NDArray[np.int32]:
    """The clip of each pose, (D,), index into `tracks.clips`."""
    return np.repeat(tracks.clip, np.diff(tracks.offsets))


def window_labels(
    abnormal: NDArray[np.bool_], start: NDArray[np.int64], length: int
) -> NDArray[np.float32]:
    """The labels of windows, (N,): +1 normal, -1 abnormal.

    A window has the label of the pose in its middle, the T//2-th: a window's score is that of its
    frame T//2, so it is trained towards what it will be held to.

    Args:
      abnormal: (D,) which poses are abnormal.
      start: (N,) the first pose of each window.
      length: T.
    """
    return np.where(abnormal[start + length // 2], np.float32(-1), np.float32(1))
