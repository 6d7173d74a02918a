"""What can be done where one label is much rarer than the other (paper section 4.3)."""

import numpy as np
from numpy.typing import NDArray


def class_weights(label: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N,) weights of mean 1 with which both labels count equally; `label` is +1 or -1."""
    share = np.where(label > 0, (label > 0).mean(), (label < 0).mean())
    return (1 / (len(np.unique(label)) * share)).astype(np.float32)


def balanced_order(
    rng: np.random.Generator, label: NDArray[np.float32], count: int
) -> NDArray[np.int64]:
    """`count` numbers of examples, both labels equally often, in random order.

    None of a label comes again before all of that label have come.

    Args:
      rng: decides the order.
      label: (N,) of the examples, +1 or -1.
      count: how many to draw.
    """
    kinds = [np.flatnonzero(label > 0), np.flatnonzero(label < 0)]
    shares = [count - count // 2, count // 2]
    drawn = [_repeat(rng, kind, share) for kind, share in zip(kinds, shares, strict=True)]
    return rng.permutation(np.concatenate(drawn))


def _repeat(rng: np.random.Generator, numbers: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    rounds = [rng.permutation(numbers) for _ in range(-(-count // len(numbers)))]
    return np.concatenate(rounds)[:count]
