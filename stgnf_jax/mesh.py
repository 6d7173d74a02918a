"""Devices as a mesh: members of an ensemble along one axis, windows of a batch along the other."""

import math
from collections.abc import Callable
from typing import Any

import jax
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from stgnf_jax.batches import usable_cores
from stgnf_jax.errors import InputError

MEMBERS, WINDOWS = "members", "windows"


def devices_for(members: int) -> None:
    """Before JAX has looked for devices: a processor's cores become devices for an ensemble.

    Its members need no communication, so they make better use of cores than one flow's arrays.
    Several cores are two devices each, which fill each other's pauses; a core alone has none. There
    are as many devices as share the members evenly: a batch spread over what is left would be
    slower, and its size might not fit.
    """
    if members > 1:
        cores = usable_cores()
        most = 2 * cores if cores > 1 else 1
        devices = max(count for count in range(1, most + 1) if members % count == 0)
        jax.config.update("jax_num_cpu_devices", devices)


def make_mesh(members: int) -> Mesh:
    """All devices of all processes; members are spread first, as they need no communication."""
    devices = jax.device_count()
    rows = math.gcd(members, devices)
    return jax.make_mesh(
        (rows, devices // rows), (MEMBERS, WINDOWS), axis_types=(AxisType.Auto, AxisType.Auto)
    )


def check_batch_size(mesh: Mesh, batch_size: int) -> None:
    """Raises InputError unless a batch can be spread over the mesh."""
    devices = mesh.shape[WINDOWS]
    if batch_size % devices:
        raise InputError(
            f"must be a multiple of {devices}, since each batch is spread over {devices} devices, "
            f"got {batch_size}",
            field="config.training.batch_size",
        )


def by_member(mesh: Mesh) -> NamedSharding:
    """For arrays (members, ...)."""
    return NamedSharding(mesh, PartitionSpec(MEMBERS))


def by_window(mesh: Mesh, count: int) -> NamedSharding:
    """For arrays (members, count, ...).

    Where `count` windows cannot be spread evenly, as in an epoch's last batch, every device has
    them all, so that results stay those of one device.
    """
    even = count % mesh.shape[WINDOWS] == 0
    return NamedSharding(mesh, PartitionSpec(MEMBERS, WINDOWS if even else None))


def everywhere(mesh: Mesh) -> NamedSharding:
    """For arrays that every device has."""
    return NamedSharding(mesh, PartitionSpec())


def map_members(function: Callable[..., Any], mesh: Mesh) -> Callable[..., Any]:
    """A function of one member, for arguments and results with a leading axis of members.

    Each row of the mesh goes through its members: on an accelerator all at once (`vmap`), on a
    processor one after the other, since one fits its cache. Along the windows JAX partitions.
    """

    def local(*stacked: Any) -> Any:
        if mesh.devices.flat[0].platform == "cpu":
            return jax.lax.map(lambda one: function(*one), stacked)
        return jax.vmap(function)(*stacked)

    spec = PartitionSpec(MEMBERS)
    return jax.shard_map(
        local, mesh=mesh, in_specs=spec, out_specs=spec, axis_names={MEMBERS}, check_vma=False
    )
