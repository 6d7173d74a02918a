"""What can be asked of a conversion. Imports nothing heavy, so that help comes at once."""

from typing import Literal, NamedTuple

FORMAT_NAMES = (
    *("alphapose", "chad", "coco", "csv", "mediapipe", "mmpose", "numpy", "openpose", "tracked"),
    "ultralytics",
)
Missing = Literal["interpolate", "keep", "drop"]
MISSING: tuple[Missing, ...] = ("interpolate", "keep", "drop")


class Tracking(NamedTuple):
    """How people are followed where the files do not number them.

    Attributes:
      patience: frames for which a person who is not seen is remembered.
      confidence: the mean confidence of the joints that begins a track, at least.
      overlap: intersection over union of the box that is expected and a person's, at least.
    """

    patience: int = 30
    confidence: float = 0.5
    overlap: float = 0.1


class Conversion(NamedTuple):
    """How poses are converted.

    Attributes:
      format: one of `FORMAT_NAMES`; empty to find out.
      first_frame: the number that the files give to a clip's first frame.
      resolution: pixels of the picture, (x, y), where coordinates are fractions of it.
      missing: what happens to joints that were not found, see `gaps.fill_gaps`.
      max_gap: frames over which they are interpolated, at most.
      tracking: how people are followed.
      overwrite: replace files that exist.
    """

    format: str = ""
    first_frame: int = 0
    resolution: tuple[float, float] | None = None
    missing: Missing = "interpolate"
    max_gap: int = 10
    tracking: Tracking = Tracking()
    overwrite: bool = False
