from pathlib import Path

import jax
import numpy as np
import pytest
from jax.sharding import PartitionSpec

from stgnf_jax.errors import InputError
from stgnf_jax.mesh import by_window, check_batch_size, make_mesh, map_members

ROOT = Path(__file__).parents[1]
ONE_RUN = """
import sys, jax
jax.config.update("jax_num_cpu_devices", int(sys.argv[1]))
from pathlib import Path
import numpy as np
from stgnf_jax import checkpoint, training
from tests.small import small_config
config = small_config(Path(sys.argv[2]))
config.ensemble, config.training.epochs, config.training.batch_size = int(sys.argv[3]), 1, 40
config.training.held_out = 0.3
members = training.train(config, sys.argv[4])
"""


def test_members_are_spread_first() -> None:
    assert dict(make_mesh(8).shape) == {"members": 1, "windows": jax.device_count()}


def test_each_member_is_mapped() -> None:
    mapped = map_members(lambda x, y: (x + y, x.sum()), make_mesh(3))
    x, y = np.arange(6.0).reshape(3, 2), np.ones((3, 2))
    for found, expected in zip(jax.jit(mapped)(x, y), (x + y, x.sum(1)), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_batches_that_do_not_fit_the_devices() -> None:
    mesh = jax.sharding.AbstractMesh((2, 4), ("members", "windows"))
    with pytest.raises(InputError, match=r"batch_size: must be a multiple of 4, .* got 30"):
        check_batch_size(mesh, 30)  # type: ignore[arg-type]
    check_batch_size(mesh, 32)  # type: ignore[arg-type]
    assert by_window(mesh, 32).spec == PartitionSpec("members", "windows")  # type: ignore[arg-type]
    assert by_window(mesh, 30).spec == PartitionSpec("members", None)  # type: ignore[arg-type]
