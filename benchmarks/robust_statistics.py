"""Statistics of a flow's pass over windows, the candidates of `robust_scores.py`."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from stgnf_jax.augment import augment
from stgnf_jax.bijectors import Squeeze
from stgnf_jax.flow import STGNF, Variables
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.flow_step import Latent
from stgnf_jax.likelihood import nll
from stgnf_jax.model import Model
from stgnf_jax.windows import gather, normalise

BATCH = 1024
Statistics = dict[str, NDArray[np.floating]]


def statistics_of(
    model: Model,
    keypoints: NDArray[np.floating],
    start: NDArray[np.integer],
    matrices: NDArray[np.floating],
) -> Statistics:
    """The statistics of all windows in each augmentation.

    Args:
      model: the flow.
      keypoints: (D, V, 3) in pixels.
      start: (N,) the first detection of each window.
      matrices: (A, 2, 2) augmentations.

    Returns:
      Arrays (A * N, S) by name, S the length of the statistic; in float64.
    """
    parts = []
    for matrix in matrices:
        for first in range(0, len(start), BATCH):
            some = start[first : first + BATCH]
            pixels = gather(keypoints, np.resize(some, BATCH), model.config.segment_length)
            x = normalise(augment(pixels, matrix)[..., : model.config.channels], model.resolution)
            values = _statistics(model.config, model.variables, x)
            parts.append({name: np.asarray(v, float)[: len(some)] for name, v in values.items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@functools.partial(jax.jit, static_argnums=0)
def _statistics(config: FlowConfig, variables: Variables, x: jax.Array) -> dict[str, jax.Array]:
    z, log_dets = x, []
    for step in STGNF(config).steps(variables):
        z, log_det = step.forward_and_log_det(z)
        if not isinstance(step, Squeeze):
            log_dets.append(log_det)
    log_det, residual = jnp.stack(log_dets, -1), z - config.radius
    values = {
        "nll": nll(Latent(z, log_det.sum(-1)), config.radius),
        "log_det": log_det,
        "energy": jnp.log(jnp.square(residual).mean((1, 2))),
        "channel_mean": residual.mean((1, 2)),
        "joint_mean": residual.mean(1),
        "joint_spread": jnp.log(residual.var(1)),
        "frame_mean": residual.mean(2),
        # What there is without a flow.
        "keypoint_mean": x.mean(1),
        "keypoint_spread": jnp.log(x.var(1)),
    }
    return {name: value.reshape(len(x), -1) for name, value in values.items()}
