"""What a window's score is: its likelihood, as in the paper, or what does not trust that."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from stgnf_jax.density_of_states import DensityOfStates, log_density
from stgnf_jax.fast_scoring import FlowStatistics


class Calibration(NamedTuple):
    """What normal windows are like under one flow.

    Attributes:
      median: () of -nll in bits per dimension.
      density: of their statistics.
    """

    median: jax.Array
    density: DensityOfStates


def _nll(statistics: FlowStatistics, _: Calibration | None) -> jax.Array:
    """-nll in bits per dimension (paper section 4.1)."""
    return statistics.score


def _typicality(statistics: FlowStatistics, calibration: Calibration) -> jax.Array:
    """How far -nll is from that of normal windows, on either side, in bits per dimension."""
    return -jnp.abs(statistics.score - calibration.median)


def _density_of_states(statistics: FlowStatistics, calibration: Calibration) -> jax.Array:
    return log_density(calibration.density, statistics)


# What the scores are measured in.
UNITS = {"nll": "bits / dim", "typicality": "bits / dim", "density_of_states": "log density"}

# By their names in a configuration: from the statistics of N windows to their scores (N,), higher
# for the more normal.
SCORES: dict[str, Callable[[FlowStatistics, Calibration], jax.Array]] = {
    "nll": _nll,
    "typicality": _typicality,
    "density_of_states": _density_of_states,
}
