"""Peak memory of a training on poses whose windows are larger than memory.

    python benchmarks/larger_than_memory.py --detections=3300000 --stride=1

goes the whole way: pose files, the cache, windows, shuffled batches, training steps. After each
stage it prints how long that took and VmHWM so far: the most memory that the process has had,
pages of mapped files included. Linux only.
"""

import itertools
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import jax
import numpy as np
from absl import app, flags
from ml_collections import ConfigDict

from stgnf_jax.augment import AUGMENTATIONS
from stgnf_jax.config import default_config, flow_config
from stgnf_jax.program import Program, make_program
from stgnf_jax.sampling import draws
from stgnf_jax.window_set import WindowSet, load_window_set
from stgnf_jax.windows import gather

FLAGS = flags.FLAGS
flags.DEFINE_string("root", "", "where pose files and cache go; none: a temporary folder")
flags.DEFINE_integer("detections", 3_300_000, "detections, rounded to whole clips", lower_bound=1)
flags.DEFINE_integer("stride", 1, "detections from one window to the next", lower_bound=1)
flags.DEFINE_integer("batches", 1000, "shuffled batches to gather", lower_bound=1)
flags.DEFINE_integer("steps", 100, "training steps", lower_bound=1)

PEOPLE, FRAMES = 40, 500  # of a clip
GIB = 2**30
Result = TypeVar("Result")


def make_set(root: Path, detections: int) -> None:
    """Writes pose files with so many detections into `pose/train`: one clip by many names."""
    folder = root / "pose/train"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    clip = {
        str(person): {str(frame): {"keypoints": pose} for frame, pose in enumerate(_walk(rng))}
        for person in range(PEOPLE)
    }
    first = folder / "000000.json"
    first.write_text(json.dumps(clip))
    for number in range(1, round(detections / (PEOPLE * FRAMES))):
        os.link(first, folder / f"{number:06}.json")


def _walk(rng: np.random.Generator) -> list[list[float]]:
    """Keypoints of somebody who goes to the right and swings, [x, y, confidence] * 17 a frame."""
    frame = np.arange(FRAMES)[:, None, None]
    body = rng.uniform((100, 100), (140, 220), (17, 2))
    place = body + frame * (1.5, 0) + 8 * np.sin(0.3 * frame + rng.uniform(0, 6, (17, 1)))
    place += rng.normal(0, 0.5, place.shape)
    confidence = rng.uniform(0.5, 1, (FRAMES, 17, 1))
    return np.concatenate([place, confidence], -1).round(3).reshape(FRAMES, -1).tolist()


def make_config(root: Path) -> ConfigDict:
    """The default training on the set, for one epoch."""
    config = default_config()
    config.data.root = str(root)
    config.data.cache_dir = str(root / "cache")
    config.data.train_stride = FLAGS.stride
    config.training.epochs = 1
    return config


def gather_batches(window_set: WindowSet, length: int) -> None:
    """Gathers shuffled batches of 256 windows on the host."""
    rng = np.random.default_rng(0)
    order = rng.permutation(window_set.windows.start)
    for start in np.array_split(order, -(-len(order) // 256))[: FLAGS.batches]:
        gather(window_set.tracks.keypoints, start, length)


def train(program: Program) -> None:
    """Some steps from the start."""
    state = program.start()
    for draw in itertools.islice(draws(program.examples, program.config, 0), FLAGS.steps):
        state, result = program.step(state, program.load(draw.examples))
        jax.block_until_ready(result)


def measure(stage: str, work: Callable[[], Result]) -> Result:
    """Does a stage of the work and prints a row of the table."""
    began = time.perf_counter()
    result = work()
    print(f"| {stage} | {time.perf_counter() - began:.1f} | {_peak() / GIB:.2f} |", flush=True)
    return result


def _peak() -> int:
    """The most bytes that have been resident."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def _size(folder: Path) -> float:
    """GiB of the files below a folder; one with many names counts as often."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / GIB


def run(root: Path) -> None:
    """All stages, in the folder `root`."""
    config = make_config(root)
    flow = flow_config(config.model)
    print("| stage | seconds | peak memory, GiB |\n|---|---|---|")

    def load() -> WindowSet:
        return load_window_set(config.data, flow, config.data.train_poses, FLAGS.stride)

    measure("imports", lambda: None)
    measure("pose files", lambda: make_set(root, FLAGS.detections))
    measure("parsed into the cache, windows found", load)
    window_set = measure("windows found again, from the cache", load)
    measure(
        f"{FLAGS.batches} batches gathered", lambda: gather_batches(window_set, flow.segment_length)
    )
    program = measure("training set", lambda: make_program(config))
    measure(f"{FLAGS.steps} training steps", lambda: train(program))
    windows = len(window_set.windows.start) * len(AUGMENTATIONS[config.data.augmentation])
    window_bytes = flow.segment_length * window_set.tracks.keypoints[0].nbytes
    print(
        f"\n{len(window_set.tracks.frame):,} detections make {windows:,} examples of"
        f" {windows * window_bytes / GIB:.1f} GiB. Pose files take {_size(root / 'pose'):.2f} GiB,"
        f" the cache {_size(root / 'cache'):.2f} GiB."
    )


def main(_: Sequence[str]) -> None:
    """Runs in `--root`, or in a folder that goes again."""
    if FLAGS.root:
        run(Path(FLAGS.root))
    else:
        with tempfile.TemporaryDirectory() as root:
            run(Path(root))


if __name__ == "__main__":
    app.run(main)
