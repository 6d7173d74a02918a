"""The training windows of one data set, with labels; two of them as one."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from ml_collections import ConfigDict
from numpy.typing import NDArray

from stgnf_jax.errors import InputError
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.labels import abnormal_poses, window_labels
from stgnf_jax.poses import Tracks
from stgnf_jax.window_set import load_window_set, second_data
from stgnf_jax.windows import WindowOrigin, Windows, window_origin


class Part(NamedTuple):
    """Windows of labelled tracks; see `training_set.TrainingSet`."""

    keypoints: NDArray[np.float32]
    start: NDArray[np.int64]
    label: NDArray[np.float32]
    clips: tuple[str, ...]
    origin: WindowOrigin


def has_labels(data: ConfigDict) -> bool:
    """Whether abnormal poses or labels are named, in the section `data` or `data.second`."""
    return bool(data.train_abnormal_poses or data.train_labels)


def load_part(data: ConfigDict, flow: FlowConfig) -> Part:
    """The training poses that a section `data` names, by its labels, and its abnormal ones.

    Raises:
      InputError: anything wrong with them, or too few poses for a single window.
    """
    part = _load(data, flow, data.train_poses, partial(abnormal_poses, data))
    if data.train_abnormal_poses:
        part = join(part, _load(data, flow, data.train_abnormal_poses, _all_abnormal))
    return part


def load_second(data: ConfigDict, flow: FlowConfig) -> Part:
    """The training poses of the second data set; what `data.second` lacks is as in `data`.

    Raises:
      InputError: as `load_part`; names the fields of `data.second`.
    """
    try:
        return load_part(second_data(data), flow)
    except InputError as error:
        field = error.field and error.field.replace("config.data.", "config.data.second.")
        raise InputError(
            error.reason, file=error.file, person=error.person, frame=error.frame, field=field
        ) from error


def _load(
    data: ConfigDict,
    flow: FlowConfig,
    folder: str,
    find_abnormal: Callable[[Tracks], NDArray[np.bool_]],
) -> Part:
    tracks, windows = load_window_set(data, flow, folder, data.train_stride)
    _check_some(windows, flow, f"{data.root}/{folder}")
    return Part(
        keypoints=tracks.keypoints,
        start=windows.start,
        label=window_labels(find_abnormal(tracks), windows.start, flow.segment_length),
        clips=tracks.clips,
        origin=window_origin(tracks, windows),
    )


def _all_abnormal(tracks: Tracks) -> NDArray[np.bool_]:
    return np.ones(len(tracks.frame), bool)


def _check_some(windows: Windows, flow: FlowConfig, folder: str) -> None:
    if not len(windows.start):
        raise InputError(
            f"no track is long enough for a window of {flow.segment_length} frames; "
            "training needs some",
            file=folder,
        )


def in_pixels_of(resolution: Sequence[float], part: Part, own: Sequence[float]) -> Part:
    """A part whose keypoints, divided by `resolution`, are what they were when divided by `own`."""
    if tuple(resolution) == tuple(own):
        return part
    scale = np.append(np.divide(resolution, own), 1).astype(np.float32)
    return part._replace(keypoints=part.keypoints * scale)


def join(first: Part, second: Part) -> Part:
    """Both, the clips and detections of the second after those of the first."""
    more = second.origin._replace(clip=second.origin.clip + len(first.clips))
    return Part(
        keypoints=np.concatenate([first.keypoints, second.keypoints]),
        start=np.concatenate([first.start, second.start + len(first.keypoints)]),
        label=np.concatenate([first.label, second.label]),
        clips=first.clips + second.clips,
        origin=WindowOrigin(
            clip=np.concatenate([first.origin.clip, more.clip]),
            person=np.concatenate([first.origin.person, more.person]),
            frame=np.concatenate([first.origin.frame, more.frame]),
        ),
    )
