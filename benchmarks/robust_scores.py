"""AUC by what is read off a flow's pass, trained several times: the tables of docs/robust_scores.md.

    python benchmarks/robust_scores.py --config=configs/shanghaitech.py --config.data.root=DIR \
        --config.ensemble=8 --workdir=WORK --repeats=5

Trains the configuration `repeats` times, each time with other seeds, into WORK/seed_<seed>, where a
training that is there already is taken as it is. A score is a density of a few statistics of the
pass, fitted on the training windows in all their augmentations. Prints a Markdown table: for each
score the frames' AUC of a single member and of the ensemble, as mean and standard deviation; and
writes all figures to WORK/robust_scores.json.
"""

import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from absl import app, flags
from ml_collections import ConfigDict, config_flags
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.covariance import LedoitWolf
from sklearn.mixture import GaussianMixture

from stgnf_jax.augment import augment
from stgnf_jax.bijectors import Squeeze
from stgnf_jax.config import flow_config
from stgnf_jax.evaluation import load_test_set
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.flow_step import Latent
from stgnf_jax.likelihood import nll
from stgnf_jax.metrics import auc_micro
from stgnf_jax.model import Model
from stgnf_jax.scoring import WindowScores, frame_scores, person_scores
from stgnf_jax.training import train
from stgnf_jax.training_set import TrainingSet, load_training_set, split_held_out
from stgnf_jax.window_set import WindowSet
from stgnf_jax.windows import gather, normalise, window_origin

FLAGS = flags.FLAGS
CONFIG = config_flags.DEFINE_config_file("config", "configs/shanghaitech.py", "the training")
flags.DEFINE_string("workdir", None, "folder for the trainings and the figures", required=True)
flags.DEFINE_integer("repeats", 1, "trainings", lower_bound=1)
flags.DEFINE_list("scores", [], "names of scores; all where there is none")

BATCH = 1024
Array = NDArray[np.float64]
Statistics = dict[str, Array]


class Score(NamedTuple):
    """A density over statistics.

    Attributes:
      statistics: names in `statistics_of`; those of several are put side by side.
      fit: from the statistics of training windows (N, S) to a score of any (M, S), higher for
        what is more normal.
      windows: fitted on `trained` windows, on the `held_out` ones, or on `all`.
    """

    statistics: tuple[str, ...]
    fit: Callable[[Array], Callable[[Array], Array]]
    windows: str = "all"


def standardised(
    fit: Callable[[Array], Callable[[Array], Array]],
) -> Callable[[Array], Callable[[Array], Array]]:
    """The same fit on statistics of mean 0 and standard deviation 1."""

    def fit_standardised(x: Array) -> Callable[[Array], Array]:
        mean, deviation = x.mean(0), x.std(0)
        score = fit((x - mean) / deviation)
        return lambda y: score((y - mean) / deviation)

    return fit_standardised


def gaussian(x: Array) -> Callable[[Array], Array]:
    """Log density but for a constant, under a Gaussian with the Ledoit-Wolf covariance."""
    fitted = LedoitWolf().fit(x)
    return lambda y: -0.5 * fitted.mahalanobis(y)


def student(dof: float) -> Callable[[Array], Callable[[Array], Array]]:
    """`gaussian` with the tails of Student's t of `dof` degrees of freedom per dimension."""

    def fit(x: Array) -> Callable[[Array], Array]:
        fitted, scale = LedoitWolf().fit(x), dof * x.shape[1]
        return lambda y: -0.5 * scale * np.log1p(fitted.mahalanobis(y) / scale)

    return fit


def distance(x: Array) -> Callable[[Array], Array]:
    """Minus the Mahalanobis distance."""
    fitted = LedoitWolf().fit(x)
    return lambda y: -np.sqrt(fitted.mahalanobis(y))


def mixture(components: int, ridge: float) -> Callable[[Array], Callable[[Array], Array]]:
    """Log density under a mixture of Gaussians."""

    def fit(x: Array) -> Callable[[Array], Array]:
        fitted = GaussianMixture(components, reg_covar=ridge, random_state=0).fit(x)
        return fitted.score_samples

    return fit


def typicality(x: Array) -> Callable[[Array], Array]:
    """Minus the distance from the median: too likely is as odd as too unlikely."""
    median = np.median(x, 0)
    return lambda y: -np.abs(y - median).sum(1)


def _shared(statistics: str, fit: Callable[[Array], Callable[[Array], Array]]) -> Score:
    return Score(tuple(statistics.split(" + ")), standardised(fit))


CHOSEN = "log_det + joint_mean"
SCORES = {
    "nll": Score(("nll",), lambda _: lambda y: -y.sum(1)),
    "typicality of nll": Score(("nll",), typicality),
    # Statistics, each under one Gaussian.
    **{
        f"gaussian: {names}": _shared(names, gaussian)
        for names in (
            "log_det",
            "nll + prior + channel_mean",
            "log_det + prior + channel_mean",
            "joint_mean",
            CHOSEN,
            "log_det + joint_mean + prior",
            "log_det + joint_mean + joint_spread",
            "joint_spread",
            "log_det + frame_mean",
            "log_det + joint_mean + frame_mean",
            "keypoint_mean",
            "keypoint_mean + keypoint_spread",
            "log_det + keypoint_mean",
        )
    },
    # Densities of the chosen statistics.
    f"distance: {CHOSEN}": _shared(CHOSEN, distance),
    **{
        f"student {dof}: {CHOSEN}": _shared(CHOSEN, student(dof)) for dof in (1, 3, 10, 30, 100)
    },
    **{
        f"mixture {components} ridge {ridge}: {CHOSEN}": _shared(CHOSEN, mixture(components, ridge))
        for components, ridge in ((1, 1e-3), (1, 1e-2), (1, 1e-1), (2, 1e-2), (5, 1e-2), (5, 1e-1))
    },
    # The chosen score, fitted on other windows.
    **{
        f"student 10 on {windows}: {CHOSEN}": Score(
            tuple(CHOSEN.split(" + ")), standardised(student(10)), windows
        )
        for windows in ("trained", "held_out")
    },
}


@functools.partial(jax.jit, static_argnums=(0, 1))
def statistics_of(
    flow: FlowConfig, resolution: tuple[float, float], variables: object, pixels: jax.Array
) -> dict[str, jax.Array]:
    """Statistics of windows (B, T, V, 3) in pixels, each (B, S)."""
    x = normalise(pixels[..., : flow.channels], resolution)
    z, log_dets = x, []
    for step in Model(flow, variables, resolution).flow.steps(variables):
        z, log_det = step.forward_and_log_det(z)
        if not isinstance(step, Squeeze):
            log_dets.append(log_det)
    log_det = jnp.stack(log_dets, -1)
    residual = z - flow.radius
    values = {
        "nll": nll(Latent(z, log_det.sum(-1)), flow.radius),
        "log_det": log_det,
        "prior": jnp.log(jnp.square(residual).mean((1, 2))),
        "channel_mean": residual.mean((1, 2)),
        "joint_mean": residual.mean(1),
        "joint_spread": jnp.log(residual.var(1)),
        "frame_mean": residual.mean(2),
        # What a score without a flow would see.
        "keypoint_mean": x.mean(1),
        "keypoint_spread": jnp.log(x.var(1)),
    }
    return {name: value.reshape(len(x), -1) for name, value in values.items()}


def all_statistics(model: Model, examples: TrainingSet | WindowSet) -> Statistics:
    """The statistics of all windows, in all augmentations of a training set."""
    if isinstance(examples, WindowSet):
        keypoints, start = examples.tracks.keypoints, examples.windows.start
        matrices: NDArray[np.floating] = np.eye(2, dtype=np.float32)[None]
    else:
        keypoints, start, matrices = examples.keypoints, examples.start, examples.matrices
    parts = []
    for matrix in matrices:
        for first in range(0, len(start), BATCH):
            some = start[first : first + BATCH]
            pixels = gather(keypoints, np.resize(some, BATCH), model.config.segment_length)
            values = statistics_of(
                model.config, model.resolution, model.variables, augment(pixels, matrix)
            )
            parts.append({name: np.asarray(v, float)[: len(some)] for name, v in values.items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


class Data(NamedTuple):
    """Windows to fit and to score, and the truth."""

    trained: TrainingSet
    held_out: TrainingSet
    test: WindowSet
    masks: tuple[NDArray[np.bool_], ...]


def frame_auc(data: Data, score: Array, length: int) -> float:
    """AUC in percent of window scores."""
    windows = WindowScores(*window_origin(*data.test), score)
    num_frames = [len(mask) for mask in data.masks]
    frames = frame_scores(person_scores(windows, length), data.test.tracks.clips, num_frames)
    return 100 * auc_micro(np.concatenate(data.masks), frames.smoothed)


class Windows(NamedTuple):
    """The statistics of one member."""

    trained: Statistics
    held_out: Statistics
    test: Statistics


def member_scores(score: Score, member: Windows) -> tuple[Array, Array]:
    """One member's score of the windows it was fitted on, and of the test windows."""

    def columns(statistics: Statistics) -> Array:
        return np.concatenate([statistics[name] for name in score.statistics], 1)

    both = [columns(part) for part in (member.trained, member.held_out) if part]
    fitted_on = {"trained": both[0], "held_out": both[-1], "all": np.concatenate(both)}
    density = score.fit(fitted_on[score.windows])
    return density(fitted_on[score.windows]), density(columns(member.test))


# From fitted (members, N) and test scores (members, M) to (M,).
COMBINED: dict[str, Callable[[Array, Array], Array]] = {
    "mean": lambda _, test: test.mean(0),
    "mean of standardised": lambda fitted, test: (
        (test - fitted.mean(1, keepdims=True)) / fitted.std(1, keepdims=True)
    ).mean(0),
    "mean of ranks": lambda _, test: rankdata(test, axis=1).mean(0),
    "lowest": lambda _, test: test.min(0),
    "median": lambda _, test: np.median(test, 0),
}


def figures(data: Data, members: Sequence[Windows], length: int) -> dict[str, dict[str, object]]:
    """The AUCs of every score: of `members` one by one, and `combined` in every way."""
    found: dict[str, dict[str, object]] = {}
    for name, score in SCORES.items():
        if FLAGS.scores and name not in FLAGS.scores:
            continue
        if score.windows == "held_out" and not members[0].held_out:
            continue
        scored = [member_scores(score, member) for member in members]
        fitted, test = (np.stack(part) for part in zip(*scored, strict=True))
        found[name] = {"members": [frame_auc(data, one, length) for one in test]} | {
            way: frame_auc(data, combine(fitted, test), length)
            for way, combine in COMBINED.items()
        }
    return found


def run(config: ConfigDict, workdir: Path) -> dict[str, dict[str, object]]:
    """Trains one ensemble and finds its figures."""
    models, flow = train(config, workdir), flow_config(config.model)
    examples = load_training_set(config.data, flow)
    trained, held_out = split_held_out(examples, config.training.held_out, config.seed)
    data = Data(trained, held_out, *load_test_set(config.data, flow))
    members = []
    for model in models:
        held = all_statistics(model, held_out) if len(held_out.start) else {}
        test = all_statistics(model, data.test)
        members.append(Windows(all_statistics(model, trained), held, test))
    return figures(data, members, flow.segment_length)


def table(runs: Sequence[dict[str, dict[str, object]]]) -> str:
    """A Markdown table: mean and standard deviation over all members, and over the ensembles."""
    ways = list(COMBINED)
    lines = [f"| score | one member | {' | '.join(ways)} |", "|---" * (len(ways) + 2) + "|"]
    for name in runs[0]:
        columns = [np.concatenate([one[name]["members"] for one in runs])]
        columns += [np.array([one[name][way] for one in runs]) for way in ways]
        cells = [f"{column.mean():.1f} ± {column.std():.1f}" for column in columns]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(_: Sequence[str]) -> None:
    """Trains, scores, and prints the table."""
    workdir, runs = Path(FLAGS.workdir), []
    for repeat in range(FLAGS.repeats):
        config = CONFIG.value.copy_and_resolve_references()
        config.seed += repeat * config.ensemble
        runs.append(run(config, workdir / f"seed_{config.seed}"))
    (workdir / "robust_scores.json").write_text(json.dumps(runs, indent=1) + "\n")
    print(table(runs))


if __name__ == "__main__":
    app.run(main)
