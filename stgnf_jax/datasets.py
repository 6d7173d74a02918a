"""Facts of the benchmarks, as data: how their files are named and their masks are to be read.

Where each fact comes from: docs/datasets/.
"""

import re
from typing import Literal, NamedTuple

MaskFormat = Literal["npy", "mat", "npz"]


class Benchmark(NamedTuple):
    """How one data set's files lie and what they mean.

    Attributes:
      pose_file: regular expression that a pose file's whole name must match; its group `clip` is
        the clip's name.
      mask_file: the clip's ground-truth file, with `{clip}` for its name or `{number}` for the
        same without zeros in front; with neither, one file holds the masks of all clips.
      mask_format: how such a file is read: a name in `ground_truth.READERS`.
      normal: the value that stands for normal in a mask; the other of 0 and 1 is abnormal.
      resolution: width and height of the videos in pixels, None where the user knows them. Only
        their ratio matters to a score: see `windows.normalise`.
      fps: frames a second, None where the user knows.
      left_out: clips that are not evaluated, numbers without zeros in front.
      only: the only ones that are, written in the same way; None for all.
    """

    pose_file: re.Pattern[str]
    mask_file: str = "{clip}.npy"
    mask_format: MaskFormat = "npy"
    normal: int = 0
    resolution: tuple[float, float] | None = None
    fps: float | None = None
    left_out: frozenset[str] = frozenset()
    only: frozenset[str] | None = None

    def mask_name(self, clip: str) -> str:
        """The name of the file that holds the mask of a clip."""
        return self.mask_file.format(clip=clip, number=without_zeros(clip))

    def leaves_out(self, clip: str) -> bool:
        """Whether a clip is not evaluated; zeros in front of its numbers do not matter."""
        plain = without_zeros(clip)
        return plain in self.left_out or (self.only is not None and plain not in self.only)


def without_zeros(clip: str) -> str:
    """The name of a clip without zeros in front of its numbers."""
    return re.sub(r"\b0+(?=\d)|(?<=_)0+(?=\d)", "", clip)


_TRACKED = r"_alphapose_tracked_person\.json"


def _poses_of(clip: str) -> re.Pattern[str]:
    """Pose files named by their clip, with AlphaPose's ending or without."""
    return re.compile(rf"(?P<clip>{clip})(?:{_TRACKED}|\.json)")


SHANGHAITECH = Benchmark(
    pose_file=re.compile(rf"(?P<clip>\d+_\d+){_TRACKED}"), resolution=(856.0, 480.0), fps=24.0
)

BENCHMARKS = {
    "shanghaitech": SHANGHAITECH,
    # The six test clips whose anomalies are not human (paper section 4.2).
    "shanghaitech_hr": SHANGHAITECH._replace(
        left_out=frozenset(("1_130", "1_135", "1_136", "6_144", "6_145", "12_152"))
    ),
    # Its scenes differ in width; all are at least 720 pixels high.
    "ubnormal": Benchmark(
        pose_file=re.compile(rf"(?P<clip>(?:ab)?normal_scene_\d+_scenario.*?){_TRACKED}"),
        mask_file="{clip}_tracks.txt",
        normal=1,
        resolution=(1280.0, 720.0),
        fps=30.0,
    ),
    # Videos are 01.avi to 21.avi, their masks 1_label.mat to 21_label.mat.
    "avenue": Benchmark(
        pose_file=_poses_of(r"\d+"),
        mask_file="{number}_label.mat",
        mask_format="mat",
        resolution=(640.0, 360.0),
        fps=25.0,
    ),
    # Camera, video, and whether something in it is abnormal. Camera 4 has 1280 x 720 pixels.
    "chad": Benchmark(
        pose_file=_poses_of(r"[1-4]_\d+_[01]"), resolution=(1920.0, 1080.0), fps=30.0
    ),
    # Camera and video.
    "poselift": Benchmark(pose_file=_poses_of(r"\d+_\d+"), resolution=(1920.0, 1080.0), fps=15.0),
    # Scene and video, as D001_01.
    "nwpu_campus": Benchmark(
        pose_file=_poses_of(r"D\d+_\d+"),
        mask_file="NWPU_Campus_gt.npz",
        mask_format="npz",
        resolution=(1920.0, 1080.0),
        fps=25.0,
    ),
    "custom": Benchmark(_poses_of(".+?")),
}
