"""Which windows each step learns from, for each member of an ensemble, and their batches."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh
from ml_collections import ConfigDict
from numpy.typing import NDArray

from stgnf_jax.imbalance import balanced_order, class_weights
from stgnf_jax.mesh import by_window
from stgnf_jax.train_step import Batch
from stgnf_jax.training_set import TrainingSet
from stgnf_jax.windows import gather

# What is done about labels that are not equally frequent: nothing, weights in the loss, or epochs
# that hold both labels equally often.
BALANCE = ("none", "weights", "sampler")


def epoch_order(examples: TrainingSet, seed: int, epoch: int, balance: str) -> NDArray[np.int64]:
    """All examples of an epoch, in an order that `seed` and `epoch` decide.

    Example i is window i // A in augmentation i % A.

    Args:
      examples: what there is.
      seed: of a member.
      epoch: 0, 1, ...
      balance: see `BALANCE`.

    Returns:
      (N * A,) numbers of examples; with `sampler` some several times and others not at all.
    """
    rng = np.random.default_rng((seed, epoch))
    if balance == "sampler":
        label = np.repeat(examples.label, len(examples.matrices))
        return balanced_order(rng, label, examples.num_examples)
    return rng.permutation(examples.num_examples)


def example_weights(examples: TrainingSet, balance: str) -> NDArray[np.float32]:
    """(N,) weight of each window in the loss, of mean 1: with `weights`, labels count equally."""
    if balance == "weights":
        return class_weights(examples.label)
    return np.ones(len(examples.label), np.float32)


def steps_per_epoch(examples: TrainingSet, batch_size: int) -> int:
    """Batches in an epoch; the last one may be smaller."""
    return -(-examples.num_examples // batch_size)


class Draw(NamedTuple):
    """The examples of a step: numbers (members, B), see `epoch_order`, and its epoch."""

    epoch: int
    examples: NDArray[np.int64]


def draws(examples: TrainingSet, config: ConfigDict, first_step: int) -> Iterator[Draw]:
    """The examples of each step from `first_step` to the end of the last epoch."""
    size, steps = config.training.batch_size, steps_per_epoch(examples, config.training.batch_size)
    for epoch in range(first_step // steps, config.training.epochs):
        order = np.stack(
            [
                epoch_order(examples, config.seed + member, epoch, config.training.balance)
                for member in range(config.ensemble)
            ]
        )
        for step in range(max(first_step - epoch * steps, 0), steps):
            yield Draw(epoch, order[:, step * size : (step + 1) * size])


def load_batch(
    examples: TrainingSet,
    drawn: NDArray[np.int64],
    weight: NDArray[np.float32],
    length: int,
    mesh: Mesh,
) -> Batch:
    """Gathers a batch, each device its own part: arrays (members, B, ...) on the mesh.

    Args:
      examples: where from; memory-mapped detections are read only where windows lie.
      drawn: (members, B) numbers of examples.
      weight: (N,) of each window in the loss.
      length: T.
      mesh: where to.
    """
    place = by_window(mesh, drawn.shape[1])
    window, augmentation = np.divmod(drawn, len(examples.matrices))

    def put(rows: NDArray[np.int64], take: Callable[[NDArray[np.int64]], Any]) -> jax.Array:
        def part(index: Any) -> Any:
            return take(rows[index[:2]])

        shape = (*rows.shape, *take(rows[:0, :0]).shape[2:])
        return jax.make_array_from_callback(shape, place, part)

    return Batch(
        put(examples.start[window], lambda start: gather(examples.keypoints, start, length)),
        put(augmentation, examples.matrices.__getitem__),
        put(window, examples.label.__getitem__),
        put(window, weight.__getitem__),
    )
