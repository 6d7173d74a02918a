"""The optimisers of the authors' training and of the paper's text (section 10), and schedules."""

import functools
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import optax
from ml_collections import ConfigDict

from stgnf_jax.errors import InputError

# By their names in a configuration: what takes a learning rate.
OPTIMIZERS = {
    "adamax": functools.partial(optax.adamax, b1=0.9, b2=0.999, eps=1e-8),
    "adam": functools.partial(optax.adam, b1=0.99, b2=0.999, eps=1e-8),
}


def _exp_decay(training: ConfigDict, steps_per_epoch: int) -> optax.Schedule:
    """learning_rate * learning_rate_decay^max(e - 1, 0) in epoch e = 0, 1, ..."""

    def schedule(step: optax.ScalarOrSchedule) -> optax.ScalarOrSchedule:
        epoch = step // steps_per_epoch
        return training.learning_rate * training.learning_rate_decay ** jnp.maximum(epoch - 1, 0)

    return schedule


def _cosine(training: ConfigDict, steps_per_epoch: int) -> optax.Schedule:
    """From the learning rate to zero along half a cosine."""
    steps = training.epochs * steps_per_epoch
    return optax.cosine_decay_schedule(training.learning_rate, steps)


def _one_cycle(training: ConfigDict, steps_per_epoch: int) -> optax.Schedule:
    """Up to the learning rate over 30 % of the steps, then down to nearly nothing."""
    steps = training.epochs * steps_per_epoch
    return optax.cosine_onecycle_schedule(steps, training.learning_rate)


# By their names in a configuration: from its section `training` and the steps of an epoch.
SCHEDULES: dict[str, Callable[[ConfigDict, int], optax.Schedule]] = {
    "exp_decay": _exp_decay,
    "cosine": _cosine,
    "one_cycle": _one_cycle,
}


def make_schedule(training: ConfigDict, steps_per_epoch: int) -> optax.Schedule:
    """The learning rate by step, as the section `training` of a configuration has it."""
    return _named(SCHEDULES, training, "schedule")(training, steps_per_epoch)


def make_optimizer(training: ConfigDict, steps_per_epoch: int) -> optax.GradientTransformation:
    """An optimiser on gradients clipped to a global norm, with a learning rate that is scheduled.

    Args:
      training: the section `training` of a configuration.
      steps_per_epoch: batches in an epoch.

    Raises:
      InputError: there is no optimiser or no schedule of that name.
    """
    return optax.chain(
        optax.clip_by_global_norm(training.max_gradient_norm),
        _named(OPTIMIZERS, training, "optimizer")(make_schedule(training, steps_per_epoch)),
    )


def _named(table: dict[str, Any], training: ConfigDict, field: str) -> Any:
    if training[field] not in table:
        raise InputError(
            f"must be one of {', '.join(table)}, got {training[field]!r}",
            field=f"config.training.{field}",
        )
    return table[training[field]]
