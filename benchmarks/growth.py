"""How time and memory grow with the windows that are scored, as a table and a picture.

    python benchmarks/growth.py --picture=growth.png --out=growth.json

The detections lie in one memory-mapped file; `mapped_scoring.py` scores them, a process each time.
"""

import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from absl import app, flags
from matplotlib.figure import Figure
from pairs import save

FLAGS = flags.FLAGS
flags.DEFINE_list("windows", ["1000", "100000", "10000000"], "how many to score")
flags.DEFINE_list("devices", ["1", "2"], "numbers of virtual devices")
flags.DEFINE_integer("detections", 1_000_000, "on disk", lower_bound=1000)
flags.DEFINE_string("picture", "", "PNG to draw into")
flags.DEFINE_string("out", "", "JSON file for all measurements")

PRINTED = re.compile(r"windows/s: ([\d.]+) resident MB: ([\d.]+)")


class Point(NamedTuple):
    """What a process took."""

    devices: int
    windows: int
    windows_per_second: float
    resident_mb: float


def write_detections(path: Path, count: int) -> None:
    """Random walks of all joints, a chunk at a time."""
    array = np.lib.format.open_memmap(path, "w+", np.float32, (count, 18, 3))
    rng = np.random.default_rng(0)
    for first in range(0, count, 100_000):
        chunk = array[first : first + 100_000]
        chunk[:] = 400 + rng.normal(0, 2, chunk.shape).cumsum(0)


def measure(path: Path, devices: int, windows: int) -> Point:
    """One process."""
    program = shlex.join([sys.executable, str(Path(__file__).with_name("mapped_scoring.py"))])
    command = f"{program} --devices={devices} --windows={windows} --detections={path}"
    printed = subprocess.run(
        shlex.split(command), check=True, capture_output=True, text=True
    ).stdout
    match = PRINTED.search(printed)
    if match is None:
        raise ValueError(f"{command!r} printed {printed!r}")
    return Point(devices, windows, float(match[1]), float(match[2]))


def draw(points: Sequence[Point], path: str) -> None:
    """Windows a second, and memory, against windows; a line for each number of devices."""
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    for axes, field, title in zip(
        figure.subplots(1, 2),
        ("windows_per_second", "resident_mb"),
        ("windows scored a second", "most resident memory, MB"),
        strict=True,
    ):
        for devices in sorted({point.devices for point in points}):
            line = [point for point in points if point.devices == devices]
            axes.plot(
                [point.windows for point in line],
                [getattr(point, field) for point in line],
                marker="o",
                label=f"{devices} virtual device(s)",
            )
        axes.set(xscale="log", xlabel="windows", title=title, ylim=(0, None))
        axes.legend()
    figure.savefig(path, dpi=120)


def main(_: Sequence[str]) -> None:
    """Measures, prints a Markdown table, draws, and writes JSON."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "keypoints.npy")
        write_detections(path, FLAGS.detections)
        points = [
            measure(path, int(devices), int(windows))
            for windows in FLAGS.windows
            for devices in FLAGS.devices
        ]
    lines = ["| devices | windows | windows/s | resident MB |", "|---|---|---|---|"]
    for point in points:
        rate, memory = point.windows_per_second, point.resident_mb
        lines.append(f"| {point.devices} | {point.windows:,} | {rate:,.0f} | {memory:,.0f} |")
    text = "\n".join(lines)
    print(text)
    if FLAGS.picture:
        draw(points, FLAGS.picture)
    save(FLAGS.out, "Growth", text, points=[point._asdict() for point in points])


if __name__ == "__main__":
    app.run(main)
