"""A folder of poses as windows, the way a configuration asks for them."""

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import numpy as np
from absl import logging
from ml_collections import ConfigDict

from stgnf_jax.cache import load_folder
from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.errors import InputError
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.poses import Tracks
from stgnf_jax.windows import Windows, check_windows, index_windows

MAX_MESSAGES = 20


class WindowSet(NamedTuple):
    """The windows of a folder of poses, and the tracks that they are cut from."""

    tracks: Tracks
    windows: Windows


def load_window_set(data: ConfigDict, flow: FlowConfig, folder: str, stride: int) -> WindowSet:
    """Reads, or finds in the cache, the poses in `data.root`/`folder` and cuts them.

    Args:
      data: the section `data` of a configuration.
      flow: gives the skeleton and T.
      folder: relative to `data.root`.
      stride: detections from one window of a track to the next.

    Raises:
      InputError: anything wrong with the poses, unless `data.skip_bad`.
    """
    if data.benchmark not in BENCHMARKS:
        raise InputError(
            f"must be one of {', '.join(BENCHMARKS)}, got {data.benchmark!r}",
            field="config.data.benchmark",
        )
    if data.windowing not in ("all", "reference"):
        raise InputError(
            f"must be all or reference, got {data.windowing!r}", field="config.data.windowing"
        )
    if flow.channels > 3:
        raise InputError(
            f"must be 2 or 3 for poses, which hold x, y and confidence, got {flow.channels}",
            field="config.model.channels",
        )
    benchmark = BENCHMARKS[data.benchmark]
    poses = load_folder(
        Path(data.root) / folder,
        pose_file=benchmark.pose_file,
        skeleton=flow.skeleton,
        frame_order="string" if data.windowing == "reference" else "numeric",
        skip_bad=data.skip_bad,
        cache_dir=Path(data.cache_dir).expanduser() if data.cache_dir else None,
    )
    left_out = {clip for clip in poses.tracks.clips if benchmark.leaves_out(clip)}
    tracks = without_clips(poses.tracks, left_out)
    windows = index_windows(
        tracks,
        length=flow.segment_length,
        stride=stride,
        windowing=data.windowing,
        max_absent=data.max_absent,
    )
    windows, flat = check_windows(tracks, windows, flow.segment_length, skip_bad=data.skip_bad)
    _report(Path(data.root) / folder, (*poses.skipped, *flat))
    return WindowSet(tracks, windows)


def without_clips(tracks: Tracks, names: Collection[str]) -> Tracks:
    """The tracks without some clips."""
    if not set(names).intersection(tracks.clips):
        return tracks
    kept_clip = np.array([clip not in names for clip in tracks.clips])
    kept = kept_clip[tracks.clip]
    lengths = np.diff(tracks.offsets)
    seen = np.repeat(kept, lengths)
    return Tracks(
        keypoints=tracks.keypoints[seen],
        score=tracks.score[seen],
        frame=tracks.frame[seen],
        person=tracks.person[kept],
        clip=(np.cumsum(kept_clip, dtype=np.int32) - 1)[tracks.clip[kept]],
        offsets=np.concatenate(([0], np.cumsum(lengths[kept]))),
        clips=tuple(clip for clip in tracks.clips if clip not in names),
    )


def _report(folder: Path, skipped: tuple[str, ...]) -> None:
    if skipped:
        logging.warning("%s: left out %d broken pieces of input", folder, len(skipped))
    for message in skipped[:MAX_MESSAGES]:
        logging.warning("left out: %s", message)
    if len(skipped) > MAX_MESSAGES:
        logging.warning("... and %d more", len(skipped) - MAX_MESSAGES)
