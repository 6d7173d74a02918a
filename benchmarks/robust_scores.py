"""Frame AUC by what is read off a flow's pass: the tables of docs/robust_scores.md.

    python benchmarks/robust_scores.py --config=configs/shanghaitech.py --config.data.root=DIR \
        --config.ensemble=8 --workdir=WORK --repeats=5

Trains the configuration `repeats` times with other seeds, into WORK/seed_<seed>; a training that
is there already is taken as it is. Each score is a density of a few statistics of the pass,
fitted on normal training windows in all their augmentations. Prints a Markdown table of the AUC
of a single member and of the ensemble, mean and standard deviation, and writes all figures to
WORK/robust_scores.json.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from absl import app, flags
from ml_collections import ConfigDict, config_flags
from numpy.typing import NDArray
from robust_densities import (
    Fit,
    distance,
    gaussian,
    likelihood,
    mixture,
    standardised,
    student,
    typicality,
)
from robust_statistics import Statistics, statistics_of
from scipy.stats import rankdata

from stgnf_jax.config import flow_config
from stgnf_jax.evaluation import load_test_set
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.metrics import auc_micro
from stgnf_jax.model import Model
from stgnf_jax.scoring import WindowScores, frame_scores, person_scores
from stgnf_jax.training import train
from stgnf_jax.training_set import TrainingSet, load_training_set, split_held_out
from stgnf_jax.window_set import WindowSet
from stgnf_jax.windows import window_origin

FLAGS = flags.FLAGS
CONFIG = config_flags.DEFINE_config_file("config", None, "what is trained")
flags.DEFINE_string("workdir", None, "folder for the trainings and the figures")
flags.DEFINE_integer("repeats", 1, "trainings", lower_bound=1)
flags.mark_flags_as_required(["config", "workdir"])

Array = NDArray[np.floating]
Figures = dict[str, dict[str, list[float]]]


class Score(NamedTuple):
    """A density of statistics.

    Attributes:
      fit: the density.
      statistics: names, joined by ` + `; they are put side by side.
      windows: what it is fitted on: `trained` windows, `held_out` ones, or `all`.
    """

    fit: Fit
    statistics: str
    windows: str = "all"


CHOSEN = "log_det + joint_mean"
GAUSSIANS = (
    "log_det",
    "nll + energy + channel_mean",
    "log_det + energy + channel_mean",
    "joint_mean",
    "joint_spread",
    CHOSEN,
    f"{CHOSEN} + energy",
    f"{CHOSEN} + joint_spread",
    f"{CHOSEN} + frame_mean",
    "keypoint_mean",
    "keypoint_mean + keypoint_spread",
    "log_det + keypoint_mean",
)
MIXTURES = ((1, 1e-3), (1, 1e-2), (1, 1e-1), (2, 1e-2), (5, 1e-2), (5, 1e-1))
SCORES = {
    "nll": Score(likelihood, "nll"),
    "typicality of nll": Score(typicality, "nll"),
    **{f"gaussian: {names}": Score(standardised(gaussian), names) for names in GAUSSIANS},
    "distance": Score(standardised(distance), CHOSEN),
    **{f"student {s}": Score(standardised(student(s)), CHOSEN) for s in (1, 3, 10, 30, 100)},
    **{f"mixture {k} ridge {r}": Score(standardised(mixture(k, r)), CHOSEN) for k, r in MIXTURES},
    "student 10 on trained": Score(standardised(student(10)), CHOSEN, "trained"),
    "student 10 on held_out": Score(standardised(student(10)), CHOSEN, "held_out"),
}
flags.DEFINE_multi_enum("score", list(SCORES), list(SCORES), "only this one, and others as named")

# What becomes of the members' scores of fitted (E, N) and test windows (E, M): (M,).
COMBINED: dict[str, Callable[[Array, Array], Array]] = {
    "mean": lambda _, test: test.mean(0),
    "mean of standardised": lambda fitted, test: (
        (test - fitted.mean(1, keepdims=True)) / fitted.std(1, keepdims=True)
    ).mean(0),
    "mean of ranks": lambda _, test: rankdata(test, axis=1).mean(0),
    "median": lambda _, test: np.median(test, 0),
    "lowest": lambda _, test: test.min(0),
}


class Data(NamedTuple):
    """Normal windows to fit on, windows to score, and which frames are normal."""

    normal: dict[str, TrainingSet]
    test: WindowSet
    masks: tuple[NDArray[np.bool_], ...]


class Member(NamedTuple):
    """The statistics of one flow: of the normal windows by name, and of the test windows."""

    normal: dict[str, Statistics]
    test: Statistics


def load_data(config: ConfigDict, flow: FlowConfig) -> Data:
    """Reads the poses of a configuration."""
    examples = load_training_set(config.data, flow)
    trained, held_out = split_held_out(examples, config.training.held_out, config.seed)
    normal = {"trained": trained, "held_out": held_out}
    return Data(normal, *load_test_set(config.data, flow))


def read_off(model: Model, data: Data) -> Member:
    """The statistics of all windows."""
    test = statistics_of(
        model, data.test.tracks.keypoints, data.test.windows.start, np.eye(2)[None]
    )
    normal = {
        name: statistics_of(
            model, examples.keypoints, examples.start[examples.label > 0], examples.matrices
        )
        for name, examples in data.normal.items()
        if len(examples.start)
    }
    return Member(normal, test)


def member_scores(score: Score, member: Member) -> tuple[Array, Array]:
    """One member's scores of the windows it was fitted on, and of the test windows."""

    def columns(statistics: Statistics) -> Array:
        return np.concatenate([statistics[name] for name in score.statistics.split(" + ")], 1)

    normal = {name: columns(statistics) for name, statistics in member.normal.items()}
    normal["all"] = np.concatenate(list(normal.values()))
    fitted_on = normal[score.windows]
    density = score.fit(fitted_on)
    return density(fitted_on), density(columns(member.test))


def frame_auc(data: Data, score: Array, length: int) -> float:
    """AUC in percent, from scores of the test windows."""
    people = person_scores(WindowScores(*window_origin(*data.test), score), length)
    num_frames = [len(mask) for mask in data.masks]
    frames = frame_scores(people, data.test.tracks.clips, num_frames)
    return 100 * auc_micro(np.concatenate(data.masks), frames.smoothed)


def run(config: ConfigDict, workdir: Path) -> Figures:
    """Trains one ensemble; for each score the AUCs of its members, and of each combination."""
    models, flow = train(config, workdir), flow_config(config.model)
    data = load_data(config, flow)
    members, found = [read_off(model, data) for model in models], {}
    for name in FLAGS.score:
        score = SCORES[name]
        if score.windows not in ("all", *members[0].normal):
            continue
        scores = [member_scores(score, member) for member in members]
        fitted, test = (np.stack(part) for part in zip(*scores, strict=True))
        columns = {"one member": list(test)}
        columns |= {way: [combine(fitted, test)] for way, combine in COMBINED.items()}
        found[name] = {
            way: [frame_auc(data, one, flow.segment_length) for one in column]
            for way, column in columns.items()
        }
    return found


def table(runs: Sequence[Figures]) -> str:
    """A Markdown table: mean and standard deviation over all members, or over the ensembles."""
    ways = ("one member", *COMBINED)
    lines = [f"| score | {' | '.join(ways)} |", "|---" * (len(ways) + 1) + "|"]
    for name in runs[0]:
        columns = [np.concatenate([one[name][way] for one in runs]) for way in ways]
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
