"""Facts of the benchmarks, as data: how their files are named and their masks are to be read."""

import re
from typing import NamedTuple


class Benchmark(NamedTuple):
    """How one data set's files lie and what they mean.

    Attributes:
      pose_file: regular expression that a pose file's whole name must match; its group `clip` is
        the clip's name.
      mask_file: the clip's ground-truth file, with `{clip}` for its name.
      normal: the value that stands for normal in a mask file; the other of 0 and 1 is abnormal.
      left_out: clips that are not evaluated, numbers without zeros in front.
      only: the only ones that are, written in the same way; None for all.
    """

    pose_file: re.Pattern[str]
    mask_file: str
    normal: int
    left_out: frozenset[str] = frozenset()
    only: frozenset[str] | None = None

    def leaves_out(self, clip: str) -> bool:
        """Whether a clip is not evaluated; zeros in front of its numbers do not matter."""
        plain = without_zeros(clip)
        return plain in self.left_out or (self.only is not None and plain not in self.only)


def without_zeros(clip: str) -> str:
    """The name of a clip without zeros in front of its numbers."""
    return re.sub(r"\b0+(?=\d)|(?<=_)0+(?=\d)", "", clip)


_TRACKED = r"_alphapose_tracked_person\.json"

SHANGHAITECH = Benchmark(
    pose_file=re.compile(rf"(?P<clip>\d+_\d+){_TRACKED}"),
    mask_file="{clip}.npy",
    normal=0,
)

BENCHMARKS = {
    "shanghaitech": SHANGHAITECH,
    # The six test clips whose anomalies are not human (paper section 4.2).
    "shanghaitech_hr": SHANGHAITECH._replace(
        left_out=frozenset(("1_130", "1_135", "1_136", "6_144", "6_145", "12_152"))
    ),
    "ubnormal": Benchmark(
        pose_file=re.compile(rf"(?P<clip>(?:ab)?normal_scene_\d+_scenario.*?){_TRACKED}"),
        mask_file="{clip}_tracks.txt",
        normal=1,
    ),
    "custom": Benchmark(
        pose_file=re.compile(rf"(?P<clip>.+?)(?:{_TRACKED}|\.json)"),
        mask_file="{clip}.npy",
        normal=0,
    ),
}
