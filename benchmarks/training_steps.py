"""Trains on a made-up town and prints `windows/s: NUMBER`, windows times members.

    python benchmarks/training_steps.py --members=8

It measures whole steps: gathering, augmenting, normalising, gradient, clipping, Adamax.
"""

import itertools
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence

import jax
from absl import app, flags

from stgnf_jax.config import default_config
from stgnf_jax.mesh import devices_for
from stgnf_jax.program import Program, make_program
from stgnf_jax.sampling import Draw, draws
from stgnf_jax.town import build_town
from stgnf_jax.train_loop import AHEAD
from stgnf_jax.train_step import TrainState

FLAGS = flags.FLAGS
flags.DEFINE_integer("members", 1, "flows trained at once", lower_bound=1)
flags.DEFINE_integer("steps", 20, "steps of a measurement", lower_bound=1)
flags.DEFINE_integer("repeats", 5, "measurements, of which the median counts", lower_bound=1)


def town_program(root: str, members: int) -> Program:
    """The default training on some clips of the town."""
    build_town(root, 0, train_clips=20, test_clips=1)
    config = default_config()
    config.data.root, config.data.cache_dir, config.data.benchmark = root, "", "shanghaitech"
    config.data.train_stride, config.ensemble, config.training.epochs = 1, members, 1000
    return make_program(config)


def run(program: Program, state: TrainState, drawn: Iterator[Draw]) -> TrainState:
    """Goes through steps as `train_loop` does, with few of them under way."""
    pending = []
    for draw in drawn:
        state, result = program.step(state, program.load(draw.examples))
        pending.append(result.loss)
        if len(pending) > AHEAD:
            jax.block_until_ready(pending.pop(0))
    return jax.block_until_ready(state)


def main(_: Sequence[str]) -> None:
    """Measures and prints."""
    devices_for(FLAGS.members)
    with tempfile.TemporaryDirectory() as root:
        program = town_program(root, FLAGS.members)
        size = program.config.training.batch_size
        full = (
            d for d in draws(program.examples, program.config, 0) if d.examples.shape[1] == size
        )
        state = run(program, program.start(), itertools.islice(full, 5))  # compiles
        times = []
        for _ in range(FLAGS.repeats):
            began = time.perf_counter()
            state = run(program, state, itertools.islice(full, FLAGS.steps))
            times.append(time.perf_counter() - began)
    rate = FLAGS.steps * FLAGS.members * size / statistics.median(times)
    print(f"windows/s: {rate:.0f}")


if __name__ == "__main__":
    app.run(main)
