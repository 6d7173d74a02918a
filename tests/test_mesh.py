import os

import jax
import numpy as np
import pytest
from jax.sharding import PartitionSpec

from stgnf_jax.errors import InputError
from stgnf_jax.mesh import by_window, check_batch_size, devices_for, make_mesh, map_members


@pytest.mark.parametrize(
    ("members", "devices", "shape"),
    [(1, 4, (1, 4)), (8, 4, (4, 1)), (2, 4, (2, 2)), (3, 2, (1, 2)), (8, 12, (4, 3))],
)
def test_members_are_spread_first(
    monkeypatch: pytest.MonkeyPatch, members: int, devices: int, shape: tuple[int, int]
) -> None:
    monkeypatch.setattr(jax, "device_count", lambda: devices)
    monkeypatch.setattr(jax, "make_mesh", jax.sharding.AbstractMesh)
    assert make_mesh(members).shape == dict(zip(("members", "windows"), shape, strict=True))


@pytest.mark.parametrize(
    ("members", "cores", "devices"),
    [(8, 1, 1), (8, 2, 4), (8, 3, 4), (8, 12, 8), (3, 2, 3), (5, 2, 1)],
)
def test_the_cores_that_members_get(
    monkeypatch: pytest.MonkeyPatch, members: int, cores: int, devices: int
) -> None:
    found: dict[str, int] = {}
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    monkeypatch.setattr(jax.config, "update", found.__setitem__)
    devices_for(1)
    assert found == {}
    devices_for(members)
    assert found == {"jax_num_cpu_devices": devices}


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
