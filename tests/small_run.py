"""Scores of the small data set in a folder, as `evaluate` and `score` leave them."""

from pathlib import Path

from stgnf_jax import checkpoint
from stgnf_jax.evaluation import evaluate, score
from tests.small import random_model, small_config, write_data


def evaluated_run(folder: Path, *, truth: bool = True) -> Path:
    """A folder with scores of `write_data`'s clips in `folder`/data, with or without metrics."""
    data, model, run = folder / "data", folder / "model", folder / "run"
    checkpoint.save(model, random_model())
    (evaluate if truth else score)(small_config(write_data(data)), model, run)
    return run
