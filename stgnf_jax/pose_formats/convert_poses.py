"""Files of other programs to pose files of ours."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from stgnf_jax.errors import InputError
from stgnf_jax.files import write_atomically
from stgnf_jax.pose_formats.clip_files import ClipFiles, find_clips
from stgnf_jax.pose_formats.clip_poses import ClipPoses, once, read_clip
from stgnf_jax.pose_formats.conversion import Conversion
from stgnf_jax.pose_formats.gaps import fill_gaps
from stgnf_jax.pose_formats.registry import FORMATS
from stgnf_jax.pose_formats.tracking import with_tracks


class Converted(NamedTuple):
    """What became of clips.

    Attributes:
      clips: how many there are.
      frames: frames with people.
      people: tracks.
      detections: people in frames.
      interpolated: joints that were filled in.
      missing: joints that are still missing.
      dropped: detections left out for missing joints.
      untracked: detections left out since they are in no track.
      repeated: detections left out since their person is in the frame already.
      first_frame: the lowest number of a frame that was read, -1 without any.
    """

    clips: int
    frames: int
    people: int
    detections: int
    interpolated: int
    missing: int
    dropped: int
    untracked: int
    repeated: int
    first_frame: int


def convert_poses(source: Path, out: Path, conversion: Conversion) -> Converted:
    """Writes a pose file for each clip of a file or folder, and says what was done.

    Args:
      source: a file, a folder of frames, or a folder of such files and folders: see
        `clip_files.find_clips`.
      out: a folder, in which each file is named like its clip; for one clip it may be a file's
        name, ending in .json.
      conversion: how.

    Raises:
      InputError: anything wrong in a file, a file that would be overwritten, or a tracker that is
        needed and not installed. Clips before that one have been written.
    """
    formats = (conversion.format,) if conversion.format else tuple(FORMATS)
    clips = find_clips(source, formats)
    targets = _targets(clips, out, conversion.overwrite)
    with _progress(sum(len(clip.files) for clip in clips)) as advance:
        parts = [
            _convert(clip, target, formats, conversion, advance)
            for clip, target in zip(clips, targets, strict=True)
        ]
    totals = Converted(*(sum(column) for column in zip(*parts, strict=True)))
    first = min((part.first_frame for part in parts if part.first_frame >= 0), default=-1)
    return totals._replace(first_frame=first)


def _targets(clips: list[ClipFiles], out: Path, overwrite: bool) -> list[Path]:
    if out.suffix == ".json":
        if len(clips) > 1:
            raise InputError(f"is one file for {len(clips)} clips; give a folder", file=out)
        targets = [out]
    else:
        targets = [out / f"{clip.name}.json" for clip in clips]
    for target in targets:
        if target.exists() and not overwrite:
            raise InputError("exists; remove it, or give --overwrite", file=target)
    return targets


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """Shows on a terminal how many files are done; gives what to call after each."""
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("converting", total=total)
        yield lambda: progress.advance(task)


def _convert(
    clip: ClipFiles,
    target: Path,
    formats: tuple[str, ...],
    conversion: Conversion,
    after_file: Callable[[], None],
) -> Converted:
    read = read_clip(clip, formats, conversion.resolution, after_file)
    try:
        read = read._replace(frame=_renumbered(read, conversion.first_frame))
        tracked = with_tracks(read, conversion.tracking)
    except InputError as error:
        raise error.at(clip.place) from error
    unique = once(tracked)
    filled = fill_gaps(unique, conversion.missing, conversion.max_gap)
    _write(target, filled.poses)
    return Converted(
        clips=1,
        frames=len(np.unique(filled.poses.frame)),
        people=len(np.unique(filled.poses.person)),
        detections=len(filled.poses.frame),
        interpolated=filled.interpolated,
        missing=filled.missing,
        dropped=filled.dropped,
        untracked=len(read.frame) - len(tracked.frame),
        repeated=len(tracked.frame) - len(unique.frame),
        first_frame=int(read.frame.min()) if len(read.frame) else -1,
    )


def _renumbered(poses: ClipPoses, first_frame: int) -> NDArray[np.int64]:
    frame = poses.frame - first_frame
    if (frame < 0).any():
        raise InputError(f"is before --first_frame={first_frame}", frame=poses.frame.min())
    return frame


def _write(target: Path, poses: ClipPoses) -> None:
    document = orjson.dumps(_people(poses), option=orjson.OPT_SERIALIZE_NUMPY)
    with write_atomically(target) as partial:
        partial.write_bytes(document)


def _people(poses: ClipPoses) -> dict[str, dict[str, dict[str, Any]]]:
    """The document of a pose file; frames have zeros in front, so that they also sort as text."""
    width = max(4, len(str(poses.frame.max(initial=0))))
    people: dict[str, dict[str, dict[str, Any]]] = {}
    for frame, person, keypoints, score in zip(*poses, strict=True):
        detection: dict[str, Any] = {"keypoints": keypoints.ravel()}
        if not np.isnan(score):
            detection["scores"] = float(score)
        people.setdefault(str(person), {})[f"{frame:0{width}}"] = detection
    return people
