"""A folder of poses as windows, the way a configuration asks for them."""

from pathlib import Path
from typing import NamedTuple

from absl import logging
from ml_collections import ConfigDict

from stgnf_jax.cache import load_folder
from stgnf_jax.clip_list import only_listed
from stgnf_jax.datasets import BENCHMARKS, Benchmark
from stgnf_jax.errors import InputError
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.pose_json import FrameOrder
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
    check_names(data, flow)
    return _load(data, flow, folder, stride, BENCHMARKS[data.benchmark])


def load_test_windows(data: ConfigDict, flow: FlowConfig) -> WindowSet:
    """`load_window_set` of the test poses, without the clips that `data.clips` does not list.

    Raises:
      InputError: anything wrong with the poses, unless `data.skip_bad`, or with the list; there
        is no window in all of them.
    """
    check_names(data, flow)
    found = _load(data, flow, data.test_poses, data.test_stride, evaluated_benchmark(data))
    if not len(found.windows.start):
        clips, people = len(found.tracks.clips), len(found.tracks.person)
        raise InputError(
            f"has no window to score: {clips} clips were read with {people} people in them, none "
            f"of them tracked for {flow.segment_length} frames; stgnf check-data says more",
            file=Path(data.root) / data.test_poses,
        )
    return found


def evaluated_benchmark(data: ConfigDict) -> Benchmark:
    """The benchmark, leaving out what `data.clips` does not list.

    Raises:
      InputError: anything wrong with the list.
    """
    benchmark, root = BENCHMARKS[data.benchmark], Path(data.root)
    if not data.clips:
        return benchmark
    return only_listed(benchmark, root / data.clips, root / data.test_poses)


def _load(
    data: ConfigDict, flow: FlowConfig, folder: str, stride: int, benchmark: Benchmark
) -> WindowSet:
    poses = load_folder(
        Path(data.root) / folder,
        pose_file=benchmark.pose_file,
        skeleton=flow.skeleton,
        frame_order=frame_order(data),
        skip_bad=data.skip_bad,
        leaves_out=benchmark.leaves_out,
        cache_dir=Path(data.cache_dir).expanduser() if data.cache_dir else None,
    )
    windows, flat = cut_windows(data, flow, poses.tracks, stride, skip_bad=data.skip_bad)
    _report(Path(data.root) / folder, (*poses.skipped, *flat))
    return WindowSet(poses.tracks, windows)


def cut_windows(
    data: ConfigDict, flow: FlowConfig, tracks: Tracks, stride: int, *, skip_bad: bool
) -> tuple[Windows, tuple[str, ...]]:
    """The windows of tracks that can be normalised, and what is said of the others.

    Raises:
      InputError: a window cannot be normalised, unless `skip_bad`.
    """
    windows = index_windows(
        tracks,
        length=flow.segment_length,
        stride=stride,
        windowing=data.windowing,
        max_absent=data.max_absent,
    )
    return check_windows(tracks, windows, flow.segment_length, skip_bad=skip_bad)


def check_names(data: ConfigDict, flow: FlowConfig) -> None:
    """Checks that poses can be read the way a configuration asks for them.

    Raises:
      InputError: an unknown benchmark or windowing, or a flow that is not for poses.
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


def second_data(data: ConfigDict) -> ConfigDict:
    """The section `data.second` as a whole section: what it lacks is as in `data`."""
    return ConfigDict(data.to_dict() | data.second.to_dict())


def frame_order(data: ConfigDict) -> FrameOrder:
    """How the frames of a person sort: as strings only where the published system is followed."""
    return "string" if data.windowing == "reference" else "numeric"


def _report(folder: Path, skipped: tuple[str, ...]) -> None:
    if skipped:
        logging.warning("%s: left out %d broken pieces of input", folder, len(skipped))
    for message in skipped[:MAX_MESSAGES]:
        logging.warning("left out: %s", message)
    if len(skipped) > MAX_MESSAGES:
        logging.warning("... and %d more", len(skipped) - MAX_MESSAGES)
