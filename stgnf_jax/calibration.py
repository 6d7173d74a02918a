"""What normal windows are like under each flow of an ensemble: found out, and kept."""

import os
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from absl import logging
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

from stgnf_jax.calibration_file import save_calibration
from stgnf_jax.density_of_states import DensityOfStates, state
from stgnf_jax.distributed import leads, wait_for_all
from stgnf_jax.fast_scoring import FlowStatistics
from stgnf_jax.model import Model
from stgnf_jax.score_kinds import Calibration
from stgnf_jax.set_scoring import WindowSource, set_statistics
from stgnf_jax.training_set import TrainingSet

# More windows would tell no more.
MOST_WINDOWS = 200_000


def calibrate(
    models: Sequence[Model], examples: TrainingSet, workdir: str | os.PathLike[str]
) -> tuple[Model, ...]:
    """The models with what their normal training windows are like, which is also written.

    Where that cannot be found out, from a single window or without finite statistics, a warning is
    logged, and the models are as they were.

    Args:
      models: of an ensemble.
      examples: what they were trained on; its normal windows count in all their augmentations.
      workdir: of the run.

    Raises:
      InputError: the file cannot be written.
    """
    start = examples.start[examples.label > 0]
    most = MOST_WINDOWS // len(examples.matrices)
    if len(start) > most:
        start = np.random.default_rng(0).choice(start, most, replace=False)
    try:
        found = [_calibration(model, examples, start) for model in models]
    except ValueError as error:  # LinAlgError is one
        logging.warning(
            "%s: there is no calibration, so only nll can be scored (%s)", workdir, error
        )
        return tuple(models)
    if leads():
        save_calibration(workdir, found)
    wait_for_all("the calibration is written")
    pairs = zip(models, found, strict=True)
    return tuple(model._replace(calibration=calibration) for model, calibration in pairs)


def _calibration(model: Model, examples: TrainingSet, start: NDArray[np.int64]) -> Calibration:
    source = WindowSource(examples.keypoints, start, model.resolution)
    parts = [
        set_statistics(model, source._replace(matrix=tuple(map(float, matrix.ravel()))))
        for matrix in examples.matrices
    ]
    statistics: FlowStatistics = jax.tree.map(lambda *arrays: np.concatenate(arrays), *parts)
    return Calibration(_single(np.median(statistics.score)), fit_density(statistics))


def fit_density(statistics: FlowStatistics) -> DensityOfStates:
    """The Gaussian of N normal windows' statistics, its covariance as Ledoit and Wolf estimate it.

    Raises:
      ValueError: there are fewer than two windows.
    """
    states = np.asarray(state(statistics), np.float64)
    if len(states) < 2:
        raise ValueError(f"a density needs at least 2 windows, got {len(states)}")
    mean, scale = states.mean(0), states.std(0)
    scale = np.where(scale > 0, scale, 1)
    covariance = LedoitWolf(assume_centered=True).fit((states - mean) / scale).covariance_
    whitening = np.linalg.inv(np.linalg.cholesky(covariance)).T / scale[:, None]
    return DensityOfStates(_single(mean), _single(whitening))


def _single(array: NDArray[np.floating] | np.floating) -> jax.Array:
    return jnp.asarray(array, jnp.float32)
