"""All detections of a clip as arrays."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.errors import InputError
from stgnf_jax.pose_formats.clip_files import ClipFiles
from stgnf_jax.pose_formats.contents import load
from stgnf_jax.pose_formats.detection import FRAME, NO_PERSON, Detection, Format
from stgnf_jax.pose_formats.registry import Candidates, candidates, only

# Fractions of a picture may lie outside of it, pixels of a whole clip are never this small.
LARGEST_FRACTION = 4


class ClipPoses(NamedTuple):
    """The detections of a clip, sorted by person, then frame.

    Attributes:
      frame: (D,) int64.
      person: (D,) int64, `NO_PERSON` where it is not known.
      keypoints: (D, 17, 3) float64, [x, y, confidence] of COCO's joints.
      score: (D,) float64, NaN where there is none.
    """

    frame: NDArray[np.int64]
    person: NDArray[np.int64]
    keypoints: NDArray[np.float64]
    score: NDArray[np.float64]

    def take(self, rows: NDArray[np.generic]) -> "ClipPoses":
        """Some of the detections, by number or by a mask."""
        return ClipPoses(*(field[rows] for field in self))

    def sorted(self) -> "ClipPoses":
        """The same in the order of persons and frames."""
        return self.take(np.lexsort((self.frame, self.person)))


def read_clip(
    clip: ClipFiles,
    formats: Sequence[str],
    resolution: tuple[float, float] | None,
    after_file: Callable[[], None],
) -> ClipPoses:
    """The poses of a clip, in pixels.

    Args:
      clip: its files.
      formats: names of the formats that are considered.
      resolution: pixels of the picture, (x, y), for coordinates that are fractions of it.
      after_file: is called after each file.

    Raises:
      InputError: the files are of no format or may be of several, something in one cannot be
        used, or coordinates are fractions and `resolution` is not given, or the other way round.
    """
    contents = load(clip.files[0])
    form = _format(clip, contents, tuple(formats))
    poses = _gather(_detections(clip, contents, form, after_file))
    try:
        return poses._replace(keypoints=_pixels(poses.keypoints, resolution, form.fractions))
    except InputError as error:
        raise error.at(clip.place) from error


def _format(clip: ClipFiles, contents: Any, formats: tuple[str, ...]) -> Format:
    """The only format that the files of a clip may be of; reads on while there are several."""
    found: Candidates | None = None
    for file in clip.files:
        of_file = candidates(
            file.suffix, contents if file == clip.files[0] else load(file), formats
        )
        if clip.frames == (None,) and {extent for _, extent in of_file} == FRAME:
            raise InputError("holds one frame; give the folder of the clip's frames", file=file)
        extent = "clip" if clip.frames == (None,) else "frame"
        of_file = frozenset(one for one in of_file if one[1] == extent)
        found = of_file if found is None else found & of_file
        if len(found) < 2:
            break
    return only(found or frozenset(), file, formats)


def _detections(
    clip: ClipFiles, first: Any, form: Format, after_file: Callable[[], None]
) -> Iterator[Detection]:
    for file, frame in zip(clip.files, clip.frames, strict=True):
        contents = first if file == clip.files[0] else load(file)
        try:
            yield from form.read(contents, frame)
        except InputError as error:
            raise error.at(file) from error
        after_file()


def _gather(detections: Iterable[Detection]) -> ClipPoses:
    rows = list(detections)
    return ClipPoses(
        np.array([row.frame for row in rows], np.int64),
        np.array([row.person for row in rows], np.int64),
        np.array([row.keypoints for row in rows], np.float64).reshape(-1, 17, 3),
        np.array([row.score for row in rows], np.float64),
    ).sorted()


def once(poses: ClipPoses) -> ClipPoses:
    """Where a person is several times in a frame, only the detection of the highest confidence."""
    order = np.lexsort((-poses.keypoints[..., 2].mean(1), poses.frame, poses.person))
    poses = poses.take(order)
    same_person = np.diff(poses.person, prepend=NO_PERSON) == 0
    same_frame = np.diff(poses.frame, prepend=-1) == 0
    return poses.take(~(same_person & same_frame) | (poses.person == NO_PERSON))


def _pixels(
    keypoints: NDArray[np.float64], resolution: tuple[float, float] | None, fractions: bool
) -> NDArray[np.float64]:
    seen = np.abs(keypoints[keypoints[..., 2] > 0][:, :2])
    small = bool((seen <= LARGEST_FRACTION).all())
    if resolution is not None and not small:
        raise InputError(
            f"has the coordinate {seen.max():g}, so it is in pixels; leave --resolution out"
        )
    if resolution is None and seen.size and (fractions or small):
        raise InputError(
            "has coordinates that are fractions of the picture; give its pixels by "
            "--resolution=WIDTH,HEIGHT"
        )
    return keypoints if resolution is None else keypoints * [*resolution, 1]
