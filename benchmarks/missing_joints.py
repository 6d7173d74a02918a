"""AUC with joints that were not found, by what `stgnf convert-poses --missing` does about them.

    python benchmarks/missing_joints.py --demo=demo_out

The demo's test clips, in which each joint of each person is lost now and then, as OpenPose loses
joints (0, 0, 0): seen for 60 frames on average, then lost for 4, or for 20. Scored by the demo's
model, which was trained on whole poses. Prints a Markdown table for docs/pose_formats.md.
"""

import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
from absl import app, flags, logging
from numpy.typing import NDArray

from stgnf_jax.config import default_config
from stgnf_jax.evaluation import evaluate
from stgnf_jax.pose_formats.conversion import MISSING, Conversion
from stgnf_jax.pose_formats.convert_poses import convert_poses

FLAGS = flags.FLAGS
flags.DEFINE_string("demo", "demo_out", "what `stgnf demo` made")
flags.DEFINE_integer("draws", 3, "how often joints are lost anew", lower_bound=2)

SEEN, LOST = 60, (4, 20)  # Frames on average.


def lose(keypoints: NDArray[np.float64], lost: int, rng: np.random.Generator) -> None:
    """Loses the joints of a track (F, 17, 3), in place."""
    for joint in range(17):
        frame = rng.geometric(1 / SEEN)
        while frame < len(keypoints):
            end = frame + rng.geometric(1 / lost)
            keypoints[frame:end, joint] = 0
            frame = end + rng.geometric(1 / SEEN)


def write_lossy(clips: Path, out: Path, lost: int, seed: int) -> Path:
    """The clips of a folder with joints lost."""
    rng = np.random.default_rng(seed)
    out.mkdir(parents=True)
    for path in sorted(clips.glob("*.json")):
        people = json.loads(path.read_text())
        for frames in people.values():
            order = sorted(frames, key=int)
            keypoints = np.array([frames[frame]["keypoints"] for frame in order], np.float64)
            lose(keypoints.reshape(-1, 17, 3), lost, rng)
            for frame, values in zip(order, keypoints, strict=True):
                frames[frame]["keypoints"] = values.tolist()
        (out / path.name).write_text(json.dumps(people))
    return out


def auc(demo: Path, poses: Path, root: Path) -> float:
    """Of the poses in a folder, by the demo's masks and model; lays the data below `root`."""
    (root / "pose").mkdir(parents=True)
    shutil.copytree(poses, root / "pose/test")
    shutil.copytree(demo / "town/gt", root / "gt")
    config = default_config()
    config.data.root, config.data.cache_dir = str(root), ""
    return evaluate(config, demo / "run", root / "out").metrics.auc_micro


def row(demo: Path, lost: int, missing: str, work: Path) -> str:
    """AUC over the draws, joints that stay missing and detections that stay, in percent."""
    measured = []
    for seed in range(FLAGS.draws):
        here = work / f"{lost}_{missing}_{seed}"
        lossy = write_lossy(demo / "town/pose/test", here / "lossy", lost, seed)
        done = convert_poses(lossy, here / "poses", Conversion(missing=missing))
        left = done.detections / (done.detections + done.dropped)
        still = done.missing / max(1, 17 * done.detections)
        measured.append((auc(demo, here / "poses", here / "root"), still, left))
    scores, still, left = 100 * np.array(measured).T
    return (
        f"| {lost} | `{missing}` | {scores.mean():.1f} ± {scores.std(ddof=1):.1f} "
        f"| {still.mean():.1f} | {left.mean():.0f} |"
    )


def main(_: list[str]) -> None:
    """Prints the table, a row as it is done."""
    logging.set_verbosity(logging.WARNING)
    demo = Path(FLAGS.demo)
    print("| frames lost | `--missing` | AUC | joints still missing | detections left |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as work:
        whole = auc(demo, demo / "town/pose/test", Path(work, "whole"))
        print(f"| none | | {100 * whole:.1f} | 0 | 100 |")
        for lost in LOST:
            for missing in MISSING:
                print(row(demo, lost, missing, Path(work)), flush=True)


if __name__ == "__main__":
    app.run(main)
