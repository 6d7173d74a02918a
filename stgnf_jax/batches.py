"""Many windows through one compiled function, in batches of few sizes, over all devices."""

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

# The most windows of a batch on one device, on a processor so that its caches hold them; and the
# most that are not split over workers.
BATCH = 2048
CPU_BATCH = 1024
SMALL = 128


def map_windows(
    function: Callable[[Any], Any],
    windows: np.ndarray,
    load: Callable[[np.ndarray], np.ndarray] = np.asarray,
) -> Any:
    """Applies a function of a batch of windows to all of them.

    All batches have one size, a power of two up to a limit per device, so that few programs are
    compiled whatever N is. They are split over the devices there are, and several are under way
    at once, in a thread each; not more, so that windows on disk are read as they are needed. Of
    several processes each takes a share of the windows, and all get the whole.

    Args:
      function: from (B, ...) to a tree of (B, ...), window by window.
      windows: (N, ...), anything there is one of per window.
      load: from (B, ...) of `windows` to the batch that `function` gets, in the batch's thread.

    Returns:
      The tree of (N, ...), NumPy arrays.
    """
    if jax.process_count() > 1:
        return _join_shares(_map_local(function, _share(windows), load), len(windows))
    return _map_local(function, windows, load)


def _share(windows: np.ndarray) -> np.ndarray:
    """This process's windows; every share has the same number, of which the last may be made up."""
    size = math.ceil(len(windows) / jax.process_count())
    first = jax.process_index() * size
    return np.resize(windows[first : first + size], (size, *windows.shape[1:]))


def _join_shares(shares: Any, count: int) -> Any:
    gathered = multihost_utils.process_allgather(shares, tiled=True)
    return jax.tree.map(lambda array: array[:count], gathered)


def _map_local(
    function: Callable[[Any], Any],
    windows: np.ndarray,
    load: Callable[[np.ndarray], np.ndarray],
) -> Any:
    """`map_windows` by this process alone."""
    mesh = _mesh()
    workers = _workers(mesh.size)
    size = mesh.size * _batch_size(math.ceil(len(windows) / mesh.size), workers)

    def apply(start: int) -> Any:
        batch = windows[start : start + size]
        padded = pad(batch, size)
        found = function(_place(load(padded), mesh))
        return jax.tree.map(lambda array: np.asarray(array)[: len(batch)], found)

    if not len(windows):
        return _empty(function, load(windows))
    if len(windows) <= size:
        return apply(0)
    with ThreadPoolExecutor(workers) as pool:
        parts = list(pool.map(apply, range(0, len(windows), size)))
    return jax.tree.map(lambda *arrays: np.concatenate(arrays), *parts)


def _place(batch: np.ndarray, mesh: Mesh) -> np.ndarray | jax.Array:
    """Spread over the devices; one device takes it as it is, a processor without a copy."""
    if mesh.size == 1:
        return batch
    return jax.device_put(batch, NamedSharding(mesh, PartitionSpec("windows")))


def _empty(function: Callable[[Any], Any], windows: np.ndarray) -> Any:
    """What a function gives, of no windows."""
    one = jax.ShapeDtypeStruct((1, *windows.shape[1:]), windows.dtype)
    found = jax.eval_shape(function, one)
    return jax.tree.map(lambda array: np.zeros((0, *array.shape[1:]), array.dtype), found)


def usable_cores() -> int:
    """How many cores this process may use, where the system says which; otherwise all."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _workers(devices: int) -> int:
    """Batches at once: on processors one a core, elsewhere one to compute and one to load."""
    return max(1, usable_cores() // devices) if jax.default_backend() == "cpu" else 2


def _batch_size(windows: int, workers: int) -> int:
    """Windows of a batch, so that all workers have some, but none has few."""
    share = max(math.ceil(windows / workers), min(windows, SMALL), 1)
    most = CPU_BATCH if jax.default_backend() == "cpu" else BATCH
    return min(most, 2 ** math.ceil(math.log2(share)))


def pad(batch: np.ndarray, size: int) -> np.ndarray:
    """Repeats the first window until there are so many."""
    if len(batch) == size:
        return batch
    return np.concatenate([batch, np.repeat(batch[:1], size - len(batch), axis=0)])


def replicate(tree: Any) -> Any:
    """Arrays on every device, for a function given to `map_windows`."""
    return jax.device_put(tree, NamedSharding(_mesh(), PartitionSpec()))


def _mesh() -> Mesh:
    return Mesh(np.array(jax.local_devices()), ("windows",))
