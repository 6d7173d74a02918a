"""The optimisers of the authors' training and of the paper's text (section 10)."""

import functools

import jax
import jax.numpy as jnp
import optax
from ml_collections import ConfigDict

from stgnf_jax.errors import InputError

# By their names in a configuration: what takes a learning rate.
OPTIMIZERS = {
    "adamax": functools.partial(optax.adamax, b1=0.9, b2=0.999, eps=1e-8),
    "adam": functools.partial(optax.adam, b1=0.99, b2=0.999, eps=1e-8),
}


def make_optimizer(training: ConfigDict, steps_per_epoch: int) -> optax.GradientTransformation:
    """An optimiser on clipped gradients, whose learning rate decays from epoch to epoch.

    In epoch e = 0, 1, ... the rate is learning_rate * learning_rate_decay^max(e - 1, 0).

    Args:
      training: the section `training` of a configuration.
      steps_per_epoch: batches in an epoch.

    Raises:
      InputError: there is no optimiser of that name.
    """
    if training.optimizer not in OPTIMIZERS:
        raise InputError(
            f"must be one of {', '.join(OPTIMIZERS)}, got {training.optimizer!r}",
            field="config.training.optimizer",
        )

    def schedule(step: jax.Array) -> jax.Array:
        epoch = step // steps_per_epoch
        return training.learning_rate * training.learning_rate_decay ** jnp.maximum(epoch - 1, 0)

    return optax.chain(
        optax.clip_by_global_norm(training.max_gradient_norm),
        OPTIMIZERS[training.optimizer](schedule),
    )
