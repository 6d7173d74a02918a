"""How often a joint that was moved away is the first to be named, by how far it was moved.

    python benchmarks/displaced_joints.py RUN

RUN holds a model with normal windows and scores of its own (`stgnf keep-windows`, `stgnf score`).
Of the windows that score above the median, one joint is moved in the 8 frames in the middle, or in
all frames, by so many standard deviations of y in the window, right and up.
"""

import sys

import numpy as np

from stgnf_jax.checkpoint import load_members
from stgnf_jax.evidence import find_evidence, standing_out, usual_joints
from stgnf_jax.kept_windows import nll_of_members
from stgnf_jax.normal_calibration import weights_hash
from stgnf_jax.normal_windows_file import load_normal_windows
from stgnf_jax.saved_scores import load_scores
from stgnf_jax.score_origin import load_origin
from stgnf_jax.scored_windows import load_scored
from stgnf_jax.windows import gather

COUNT = 216
DISTANCES = (0.5, 1.0, 2.0, 4.0)


def main(run: str) -> None:
    """Prints a line for each distance and each choice of frames."""
    origin, saved, rng = load_origin(run), load_scores(run), np.random.default_rng(0)
    models = load_members(origin.checkpoint)
    length, joints, _ = models[0].config.event_shape
    normal = load_normal_windows(origin.checkpoint, models[0].config, weights_hash(models))
    usual, (tracks, windows) = usual_joints(normal), load_scored(origin, saved)
    high = np.flatnonzero(saved.windows.score > np.median(saved.windows.score))
    moved = np.arange(COUNT) % joints
    for distance in DISTANCES:
        for first, end in ((length // 3, length // 3 + 8), (0, length)):
            start = windows.start[rng.choice(high, COUNT, replace=False)]
            keypoints = np.array(gather(tracks.keypoints, start, length))
            way = distance * keypoints[..., 1].std((1, 2))[:, None]
            keypoints[np.arange(COUNT), first:end, moved, :2] += (way * [1, -1])[:, None]
            members = nll_of_members(models, keypoints)
            found = [find_evidence(members[:, i], normal, usual) for i in range(COUNT)]
            named = [
                standing_out(one)[:1] == [joint] for one, joint in zip(found, moved, strict=True)
            ]
            largest = [
                one.by_joint.argmax() == joint for one, joint in zip(found, moved, strict=True)
            ]
            print(
                f"{distance:g} away in {end - first} frames: named first {np.mean(named):.1%}, "
                f"largest part {np.mean(largest):.1%}"
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
