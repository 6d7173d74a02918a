"""Several processes, on one machine or many, as one: JAX's own runtime."""

import jax
from jax.experimental import multihost_utils

from stgnf_jax.errors import InputError


def join(coordinator: str, num_processes: int, process_id: int) -> None:
    """Joins this process to the others; before JAX has looked for devices.

    Args:
      coordinator: HOST:PORT where process 0 can be reached by all; "auto" for what a cluster
        manager that JAX knows (Slurm, Open MPI, Cloud TPU, Kubernetes) says of all three.
      num_processes: how many there are.
      process_id: 0, 1, ...

    Raises:
      InputError: the arguments do not go together, or the others cannot be reached.
    """
    if coordinator != "auto" and not 0 <= process_id < num_processes:
        raise InputError(
            f"must be from 0 to below --num_processes={num_processes}, got {process_id}",
            field="--process_id",
        )
    try:
        if coordinator == "auto":
            jax.distributed.initialize()
        else:
            jax.distributed.initialize(coordinator, num_processes, process_id)
    except (RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"the processes cannot be joined ({reason})", field="--coordinator"
        ) from error


def wait_for_all(what: str) -> None:
    """Waits until every process has come here; `what` has happened then."""
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(what)


def leads() -> bool:
    """Whether this process is the one that writes what is written once."""
    return jax.process_index() == 0
