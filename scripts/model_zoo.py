"""The models of `zoo/`, trained, and the tables of their cards (docs/model_zoo.md).

    .venv/bin/python scripts/model_zoo.py OUT --cmu=DIR

Trains eight flows on the town of seed 0, and eight on the poses in DIR, three times with other
seeds. Prints a Markdown table of each, and leaves the models with the first seeds in OUT/zoo,
without what only a training needs. What is there already is taken as it is.
"""

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from stgnf_jax import checkpoint
from stgnf_jax.calibration_file import save_calibration
from stgnf_jax.config import default_config
from stgnf_jax.evaluation import evaluate
from stgnf_jax.mesh import devices_for
from stgnf_jax.metrics import Metrics
from stgnf_jax.town import build_town
from stgnf_jax.training import train

# The first flow's seeds of the trainings; the others of an ensemble have those that follow.
SEEDS = (0, 100, 200)
TOWNS = (0, 1, 2)
KINDS = ("nll", "density_of_states")
FIGURES = ("auc_micro", "average_precision", "eer", "fpr_at_95_tpr")


def main() -> None:
    """Flags to models and tables."""
    parser = argparse.ArgumentParser(description="The models of the zoo")
    parser.add_argument("out", type=Path)
    parser.add_argument("--cmu", type=Path, help="poses and masks in the form of ShanghaiTech")
    flags = parser.parse_args()
    towns = [flags.out / f"towns/{seed}" for seed in TOWNS]
    for seed, town in zip(TOWNS, towns, strict=True):
        build_town(town, seed)
    devices_for(config_of(towns[0]).ensemble)
    make_model("town", towns, flags.out)
    if flags.cmu:
        make_model("cmu", [flags.cmu], flags.out)


def config_of(root: Path) -> ConfigDict:
    """That of `configs/robust.py`, for files that are named as ShanghaiTech's."""
    config = default_config()
    config.data.benchmark, config.data.root = "shanghaitech", str(root)
    config.ensemble = 8
    return config


def make_model(name: str, roots: Sequence[Path], out: Path) -> None:
    """Trains on the first folder, tests on all, prints the table, and keeps the first training."""
    runs = [out / f"runs/{name}_{seed}" for seed in SEEDS]
    for seed, run in zip(SEEDS, runs, strict=True):
        config = config_of(roots[0])
        config.seed = seed
        train(config, run)
    if not (out / "zoo" / name).exists():
        keep(runs[0], out / "zoo" / name)
    print(f"\n| {name} on | score | {' | '.join(FIGURES)} | auc_micro of one flow |")
    print("|---" * (len(FIGURES) + 3) + "|")
    for root in roots:
        for kind in KINDS:
            print(f"| {root.name} | {kind} | {table_row([tested(root, kind, r) for r in runs])} |")


def tested(root: Path, kind: str, run: Path) -> Metrics:
    """The figures of a run on the test poses of a folder."""
    config = config_of(root)
    config.scoring.score = kind
    return evaluate(config, run, run / f"tested/{root.name}_{kind}").metrics


def table_row(runs: Sequence[Metrics]) -> str:
    """Each figure: the first run's with its interval, mean and deviation over all."""
    cells = []
    for name in FIGURES:
        first, *_ = figures = [getattr(run.figures, name) for run in runs]
        low, high = first.interval
        spread = mean_and_deviation([figure.value for figure in figures])
        cells.append(f"{percent(first.value)} ({percent(low)} to {percent(high)}); {spread}")
    cells.append(mean_and_deviation([auc for run in runs for auc in run.auc_micro_members]))
    return " | ".join(cells)


def mean_and_deviation(values: Sequence[float]) -> str:
    """Over trainings, in percent."""
    return f"{percent(statistics.mean(values))} ± {percent(statistics.stdev(values))}"


def percent(value: float) -> str:
    """A figure as the tables have it."""
    return f"{100 * value:.1f}"


def keep(run: Path, folder: Path) -> None:
    """A run's last weights and calibration alone, all that scoring reads.

    Raises:
      InputError: the folder holds a model already.
    """
    models = checkpoint.load_members(run)
    checkpoint.save_description(folder, checkpoint.load_description(run))
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(one.variables for one in models))
    with checkpoint.manager(folder) as steps:
        checkpoint.save_step(steps, 0, stacked)
    save_calibration(folder, [one.calibration for one in models if one.calibration])
    # Where the folder lies on this machine; only remote storage needs these files.
    for note in folder.rglob("commit_success.txt"):
        note.unlink()


if __name__ == "__main__":
    main()
