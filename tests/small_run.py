"""Scores of the small data set in a folder, as `evaluate` and `score` leave them."""

from pathlib import Path

import numpy as np

from stgnf_jax import checkpoint
from stgnf_jax.evaluation import evaluate, score
from tests.small import NUM_FRAMES, random_model, small_config, write_clip, write_data


def evaluated_run(folder: Path, *, truth: bool = True) -> Path:
    """A folder with scores of `write_data`'s clips in `folder`/data, with or without metrics.

    There is one clip more, `c`, without people.
    """
    data, model, run = write_data(folder / "data"), folder / "model", folder / "run"
    write_clip(data / "pose/test/c.json", [])
    np.save(data / "gt/test_frame_mask/c.npy", np.zeros(NUM_FRAMES, np.int8))
    checkpoint.save(model, random_model())
    (evaluate if truth else score)(small_config(data), model, run)
    return run
