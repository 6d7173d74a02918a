"""What is wrong with a folder of pose files, and what it holds."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ml_collections import ConfigDict

from stgnf_jax.clip_facts import ClipFacts, clip_facts, total
from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.errors import InputError
from stgnf_jax.findings import Finding, Severity, listed, of_error, of_share, one_a_place
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.pose_files import list_files
from stgnf_jax.poses import Reading, read_files
from stgnf_jax.window_set import cut_windows, frame_order

# Shares above which something is a warning.
MANY_OUTSIDE, MANY_SHORT, MANY_REPEATED = 0.05, 0.5, 0.01
# Of the width and of the height of the video, what people who walk about reach at least.
LEAST_REACH = 0.5


class CheckedPoses(NamedTuple):
    """What was found in a folder of pose files, and the clips that can be used."""

    findings: list[Finding]
    clips: list[ClipFacts]


def check_poses(data: ConfigDict, flow: FlowConfig, folder: str, stride: int) -> CheckedPoses:
    """Reads every pose file of `data.root`/`folder`, one at a time.

    Args:
      data: the section `data` of a configuration.
      flow: gives the skeleton and T.
      folder: relative to `data.root`.
      stride: detections from one window of a track to the next.
    """
    benchmark, path = BENCHMARKS[data.benchmark], Path(data.root, folder)
    try:
        files = list_files(path, benchmark.pose_file, benchmark.leaves_out)
    except InputError as error:
        return CheckedPoses([of_error(error)], [])
    reading = Reading(benchmark.pose_file, flow.skeleton, frame_order(data), skip_bad=True)
    findings: list[Finding] = []
    clips: list[ClipFacts] = []
    # In this order, `read_files` is not asked whether there was any file that can be used.
    for file, poses in zip(files, read_files(files, reading), strict=False):
        windows, flat = cut_windows(data, flow, poses.tracks, stride, skip_bad=True)
        findings += _broken(data, file, [*poses.skipped, *flat])
        if poses.tracks.clips:
            length, video = flow.segment_length, _video_size(data)
            clips.append(clip_facts(file, poses.tracks, windows, length, video))
    return CheckedPoses([*findings, *_of_folder(data, str(path), flow, clips)], clips)


def duration(frames: int, data: ConfigDict) -> str:
    """A number of frames, and how long they take where that is known."""
    fps = BENCHMARKS[data.benchmark].fps
    return f"{frames} frames" + (f" ({frames / fps / 3600:.2g} hours)" if fps else "")


def _broken(data: ConfigDict, file: Path, messages: Iterable[str]) -> list[Finding]:
    severity: Severity = "warning" if data.skip_bad else "error"
    advice = "" if data.skip_bad else "; --skip_bad leaves it out"
    return one_a_place(
        Finding(severity, str(file), message.removeprefix(f"{file.name}: ") + advice)
        for message in messages
    )


def _video_size(data: ConfigDict) -> tuple[float, float]:
    """The benchmark's, or the configuration's where that is larger.

    The configuration alone says little: the published system divides by 856 x 480 whatever the
    video.
    """
    known = BENCHMARKS[data.benchmark].resolution or (0.0, 0.0)
    width, height = data.resolution
    return max(known[0], width), max(known[1], height)


def _of_folder(
    data: ConfigDict, folder: str, flow: FlowConfig, clips: list[ClipFacts]
) -> Iterator[Finding]:
    if not clips:
        return
    counts, length = total(clips), flow.segment_length
    held = (
        f"{len(clips)} clips, {counts.people} people, {counts.poses} poses, {counts.windows} "
        f"windows of {length} frames; {duration(counts.frames, data)} up to the last poses"
    )
    yield Finding("fact", folder, held)
    if not counts.windows:
        reason = f"has no window: nobody is tracked for {length} frames; track people for longer"
        yield Finding("error", folder, f"{reason}, or lower config.model.segment_length")
    empty = [clip.name for clip in clips if not clip.counts.people]
    if empty:
        yield Finding("fact", folder, f"clips with nobody in them ({len(empty)}): {listed(empty)}")
    reason = f"of the tracks are shorter than a window of {length} frames, and get no score"
    yield from of_share(folder, counts.short, counts.people, MANY_SHORT, reason)
    reason = "of the poses stand more than once in a frame; does the tracker give people twice?"
    yield from of_share(folder, counts.repeated, counts.poses, MANY_REPEATED, reason)
    yield from _outside(data, folder, clips)
    yield from _small(data, folder, clips)
    yield from _copies(folder, clips)


def _outside(data: ConfigDict, folder: str, clips: list[ClipFacts]) -> list[Finding]:
    width, height = _video_size(data)
    x, y = (max(clip.reach[axis] for clip in clips) for axis in (0, 1))
    reason = (
        f"of the joints lie outside {width:g} x {height:g} pixels; they reach {x:.0f}, {y:.0f}. "
        "Is config.data.resolution the width and height of the video?"
    )
    counts = total(clips)
    return of_share(folder, counts.outside, counts.joints, MANY_OUTSIDE, reason)


def _small(data: ConfigDict, folder: str, clips: list[ClipFacts]) -> Iterator[Finding]:
    """Poses that fill only a corner, where nothing but the configuration says what of."""
    width, height = data.resolution
    x, y = (max(clip.reach[axis] for clip in clips) for axis in (0, 1))
    known = BENCHMARKS[data.benchmark].resolution is not None
    if not known and total(clips).joints and x < LEAST_REACH * width and y < LEAST_REACH * height:
        yield Finding(
            "warning",
            folder,
            f"the joints reach only {x:.0f}, {y:.0f} of {width:g} x {height:g} pixels. "
            "Is config.data.resolution the width and height of the video?",
        )


def _copies(folder: str, clips: list[ClipFacts]) -> Iterator[Finding]:
    """Clips whose files are the same, where there is somebody in them."""
    same: dict[str, list[str]] = {}
    for clip in clips:
        if clip.counts.people:
            same.setdefault(clip.content, []).append(clip.name)
    for names in same.values():
        if len(names) > 1:
            yield Finding("warning", folder, f"the same file stands for {listed(names)}; keep one")
