"""Scoring as a StableHLO program that needs nothing of this package to run."""

from collections.abc import Sequence

import jax
import numpy as np

from stgnf_jax.errors import InputError
from stgnf_jax.model import Model
from stgnf_jax.set_scoring import batch_scorer

PLATFORMS = ("cpu", "cuda", "tpu")
# The dimension that is left open, as it is called in the program.
BATCH = "N"


def scoring_program(kind: str, models: Sequence[Model]) -> bytes:
    """The scoring function, serialised by `jax.export`, for any number of windows.

    Args:
      kind: what a window's score is, a name in `SCORES`.
      models: the members of an ensemble, calibrated unless the kind is `nll`.

    Returns:
      A program from float32 windows in pixels, (N, T, V, C), to the mean of the members' scores,
      (N,), for all of `PLATFORMS`.

    Raises:
      InputError: flatbuffers, which `jax.export` writes by, is not installed.
    """
    (batch,) = jax.export.symbolic_shape(BATCH)
    windows = jax.ShapeDtypeStruct((batch, *models[0].config.event_shape), np.float32)
    score = jax.jit(batch_scorer(kind, models))
    exported = jax.export.export(score, platforms=PLATFORMS)(windows)
    try:
        return bytes(exported.serialize())
    except ImportError as error:
        raise InputError(
            f'an export cannot be written ({error}); pip install "stgnf-jax[export]"'
        ) from error
