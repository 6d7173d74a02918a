"""The likelihood of held-out normal windows, by which the best epoch is known."""

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.flow import Variables
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.set_scoring import WindowSource, set_scores_of_members


def held_out_nll(
    flow: FlowConfig, variables: Variables, held_out: WindowSource
) -> NDArray[np.float32]:
    """Mean nll in bits per dimension with running statistics, (members,).

    Minus infinity where nothing is held out, so that every epoch is the best so far.

    Args:
      flow: the flow.
      variables: of the members, (members, ...), on this process.
      held_out: the windows.
    """
    scores = set_scores_of_members(flow, variables, held_out)
    if not len(held_out.start):
        return np.full(len(scores), -np.inf, np.float32)
    return -scores.mean(1, dtype=np.float64).astype(np.float32)
