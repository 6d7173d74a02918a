"""The optimiser of the authors' training."""

import jax
import jax.numpy as jnp
import optax
from ml_collections import ConfigDict


def adamax(training: ConfigDict, steps_per_epoch: int) -> optax.GradientTransformation:
    """Adamax on clipped gradients, with a learning rate that decays from epoch to epoch.

    In epoch e = 0, 1, ... the rate is learning_rate * learning_rate_decay^max(e - 1, 0).

    Args:
      training: the section `training` of a configuration.
      steps_per_epoch: batches in an epoch.
    """

    def schedule(step: jax.Array) -> jax.Array:
        epoch = step // steps_per_epoch
        return training.learning_rate * training.learning_rate_decay ** jnp.maximum(epoch - 1, 0)

    return optax.chain(
        optax.clip_by_global_norm(training.max_gradient_norm),
        optax.adamax(schedule, b1=0.9, b2=0.999, eps=1e-8),
    )
