"""What scores notice: AUC of normal test windows against the same windows broken in one way.

    python benchmarks/broken_windows.py --config=configs/shanghaitech.py --config.data.root=DIR \
        --config.ensemble=8 --workdir=WORK/seed_0

Scores by the ensemble in WORK/seed_0, which is trained where it is not there yet. No anomaly of
the test set takes part. Prints a Markdown table for docs/robust_scores.md.
"""

from collections.abc import Callable, Sequence

import numpy as np
from absl import app, flags
from ml_collections import config_flags
from numpy.typing import NDArray
from robust_densities import Fit, gaussian, likelihood, standardised
from robust_statistics import Statistics, statistics_of
from sklearn.metrics import roc_auc_score

from stgnf_jax.config import flow_config
from stgnf_jax.evaluation import load_test_set
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.model import Model
from stgnf_jax.training import train
from stgnf_jax.training_set import load_training_set
from stgnf_jax.windows import gather, window_origin

FLAGS = flags.FLAGS
CONFIG = config_flags.DEFINE_config_file("config", None, "what is trained")
flags.DEFINE_string("workdir", None, "folder of the training")
flags.DEFINE_integer("windows", 1500, "how many normal test windows, drawn at random")
flags.mark_flags_as_required(["config", "workdir"])

Array = NDArray[np.floating]
RNG = np.random.default_rng(0)
IDENTITY = np.eye(2)[None]


def turned(x: Array, degrees: float) -> Array:
    """Windows (N, T, V, 3) turned about their centres."""
    centre, angle = x[..., :2].mean((1, 2), keepdims=True), np.deg2rad(degrees)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.concatenate([(x[..., :2] - centre) @ matrix + centre, x[..., 2:]], -1)


def arm_raised(x: Array) -> Array:
    """The right arm (joints 3 and 4, from the shoulder 2) points the other way."""
    raised = x.copy()
    raised[:, :, 3:5, :2] = 2 * x[:, :, 2:3, :2] - x[:, :, 3:5, :2]
    return raised


BROKEN: dict[str, Callable[[Array], Array]] = {
    "one frame held": lambda x: np.repeat(x[:, :1], x.shape[1], 1),
    "half speed": lambda x: x[:, np.arange(x.shape[1]) // 2],
    "frames in another order": lambda x: x[:, RNG.permutation(x.shape[1])],
    "joints in another order": lambda x: x[:, :, RNG.permutation(x.shape[2])],
    "upside down": lambda x: turned(x, 180),
    "lying": lambda x: turned(x, 90),
    "tilted by 25 degrees": lambda x: turned(x, 25),
    "an arm raised": arm_raised,
    "noise of 6 pixels": lambda x: x + RNG.normal(size=x.shape) * [6, 6, 0],
}
SCORES: dict[str, tuple[Fit, tuple[str, ...]]] = {
    "nll": (likelihood, ("nll",)),
    "log_det": (standardised(gaussian), ("log_det",)),
    "joint_mean": (standardised(gaussian), ("joint_mean",)),
    "both": (standardised(gaussian), ("log_det", "joint_mean")),
    "keypoint_mean": (standardised(gaussian), ("keypoint_mean",)),
}


def normal_windows(flow: FlowConfig) -> Array:
    """Test windows (N, T, V, 3) with a normal frame in the middle."""
    test, masks = load_test_set(CONFIG.value.data, flow)
    origin = window_origin(*test)
    middle = origin.frame + flow.segment_length // 2
    normal = [masks[clip][frame] for clip, frame in zip(origin.clip, middle, strict=True)]
    start = RNG.permutation(test.windows.start[np.array(normal)])[: FLAGS.windows]
    return np.asarray(gather(test.tracks.keypoints, start, flow.segment_length))


def member_scores(model: Model, windows: dict[str, Array]) -> dict[str, dict[str, Array]]:
    """For each score, by one member, the scores (N,) of each set of windows."""
    examples = load_training_set(CONFIG.value.data, model.config)
    normal = examples.start[examples.label > 0]
    trained = statistics_of(model, examples.keypoints, normal, examples.matrices)
    found = {}
    for how, x in windows.items():
        start = np.arange(len(x)) * x.shape[1]
        found[how] = statistics_of(model, x.reshape(-1, *x.shape[2:]), start, IDENTITY)

    def columns(statistics: Statistics, names: Sequence[str]) -> Array:
        return np.concatenate([statistics[name] for name in names], 1)

    scores = {}
    for name, (fit, names) in SCORES.items():
        density = fit(columns(trained, names))
        scores[name] = {how: density(columns(value, names)) for how, value in found.items()}
    return scores


def main(_: Sequence[str]) -> None:
    """Prints the table."""
    models, x = train(CONFIG.value, FLAGS.workdir), normal_windows(flow_config(CONFIG.value.model))
    windows = {"whole": x} | {how: break_(x) for how, break_ in BROKEN.items()}
    members = [member_scores(model, windows) for model in models]
    print(f"| broken | {' | '.join(SCORES)} |\n{'|---' * (len(SCORES) + 1)}|")
    truth = np.repeat([1, 0], len(x))
    for how in BROKEN:
        cells = []
        for name in SCORES:
            both = [np.mean([one[name][kind] for one in members], 0) for kind in ("whole", how)]
            cells.append(f"{100 * roc_auc_score(truth, np.concatenate(both)):.1f}")
        print(f"| {how} | {' | '.join(cells)} |")


if __name__ == "__main__":
    app.run(main)
