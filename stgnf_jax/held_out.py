"""The likelihood of held-out normal windows, by which the best epoch is known."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from stgnf_jax.flow import Variables
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.mesh import everywhere, map_members
from stgnf_jax.model import normality
from stgnf_jax.training_set import TrainingSet
from stgnf_jax.windows import gather, normalise

BATCH = 1024


def held_out_nll(
    flow: FlowConfig,
    resolution: tuple[float, float],
    variables: Variables,
    held_out: TrainingSet,
    mesh: Mesh,
) -> jax.Array:
    """Mean nll in bits per dimension with running statistics, (members,).

    Minus infinity where nothing is held out, so that every epoch is the best so far.

    Args:
      flow: the flow.
      resolution: width and height in pixels.
      variables: of the members, (members, ...).
      held_out: the windows.
      mesh: the devices.
    """
    members = len(jax.tree.leaves(variables)[0])
    count = len(held_out.start)
    if not count:
        return jnp.full(members, -jnp.inf)
    total = np.zeros(members)
    for first in range(0, count, BATCH):
        start = held_out.start[first : first + BATCH]
        padded = np.resize(start, BATCH)  # one program for the last batch too
        keypoints = gather(held_out.keypoints, padded, flow.segment_length)
        score = _scores(flow, resolution, mesh, variables, keypoints)
        total -= np.asarray(score, np.float64)[:, : len(start)].sum(1)
    return jnp.asarray(total / count, jnp.float32)


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def _scores(
    flow: FlowConfig,
    resolution: tuple[float, float],
    mesh: Mesh,
    variables: Variables,
    keypoints: jax.Array,
) -> jax.Array:
    """Normality of B windows by each member, (members, B)."""
    x = normalise(keypoints[..., : flow.channels], resolution)
    members = len(jax.tree.leaves(variables)[0])
    stacked = jnp.broadcast_to(x, (members, *x.shape))
    score = map_members(functools.partial(normality, flow), mesh)(variables, stacked)
    return jax.lax.with_sharding_constraint(score, everywhere(mesh))
