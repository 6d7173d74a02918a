"""Many windows through one compiled function, in batches of few sizes, over all devices."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

BATCH = 1024


def map_windows(function: Callable[[jax.Array], jax.Array], windows: np.ndarray) -> np.ndarray:
    """Applies a function of a batch of windows to all of them.

    Batches are padded to powers of two up to `BATCH` per device, so that few programs are
    compiled whatever N is, and are split over the devices there are.

    Args:
      function: from (B, ...) to (B,), window by window.
      windows: (N, ...), anything there is one of per window.

    Returns:
      (N,) float32.
    """
    mesh = _mesh()
    place = NamedSharding(mesh, PartitionSpec("windows"))
    results = [
        (function(jax.device_put(batch, place)), size)
        for batch, size in _batches(windows, mesh.size)
    ]
    scores = [np.asarray(result)[:size] for result, size in results]
    return np.concatenate([np.zeros(0, np.float32), *scores])


def _batches(windows: np.ndarray, devices: int) -> Iterator[tuple[np.ndarray, int]]:
    """Padded batches, and how many of each are no padding."""
    for start in range(0, len(windows), BATCH * devices):
        batch = windows[start : start + BATCH * devices]
        padded = devices * 2 ** math.ceil(math.log2(math.ceil(len(batch) / devices)))
        full = len(windows) > BATCH * devices
        missing = (BATCH * devices if full else padded) - len(batch)
        yield np.concatenate([batch, np.repeat(batch[:1], missing, axis=0)]), len(batch)


def replicate(tree: Any) -> Any:
    """Arrays on every device, for a function given to `map_windows`."""
    return jax.device_put(tree, NamedSharding(_mesh(), PartitionSpec()))


def _mesh() -> Mesh:
    return Mesh(np.array(jax.devices()), ("windows",))
