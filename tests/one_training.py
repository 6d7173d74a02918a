"""A training as a process of its own, to be watched step by step by tests of devices and processes.

    python -m tests.one_training DEVICES MEMBERS DATA OUT [COORDINATOR NUM_PROCESSES PROCESS_ID]

Writes `OUT.npz`: losses and BatchNorm's statistics of all steps, and the first step's gradient.
"""

import sys
from pathlib import Path

import jax
import numpy as np

from stgnf_jax.distributed import join, leads
from stgnf_jax.program import make_program
from stgnf_jax.sampling import draws
from tests.small import small_config


def main(devices: str, members: str, data: str, out: str, *processes: str) -> None:
    jax.config.update("jax_num_cpu_devices", int(devices))
    if processes:
        join(processes[0], int(processes[1]), int(processes[2]))
    config = small_config(Path(data))
    # 54 windows in batches of 20: the last of 14 cannot be spread over 4 devices.
    config.data.augmentation, config.training.batch_size, config.training.epochs = "none", 20, 1
    config.ensemble = int(members)
    program = make_program(config)
    state, seen = program.start(), []
    everywhere = jax.jit(lambda tree: tree, out_shardings=jax.NamedSharding(program.mesh, jax.P()))
    for draw in draws(program.examples, config, 0):
        state, result = program.step(state, program.load(draw.examples))
        tell = (result.loss, result.nll.mean(1), state.variables["batch_stats"], state.optimizer)
        seen.append(jax.device_get(everywhere(tell)))
    losses, nll, stats, optimizer = zip(*seen, strict=True)
    first = jax.tree.leaves(optimizer[0][1][0].mu)
    if leads():
        np.savez(
            out,
            loss=np.stack(losses),
            nll=np.stack(nll),
            stats=np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(stats)]),
            first=np.concatenate([np.ravel(leaf) for leaf in first]),
            devices=jax.device_count(),
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
