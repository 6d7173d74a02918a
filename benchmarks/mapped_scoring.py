"""Scores windows of memory-mapped detections; prints `windows/s: NUMBER resident MB: NUMBER`.

    python benchmarks/mapped_scoring.py --devices=2 --windows=1000000 --detections=keypoints.npy

The resident memory is the most that the process ever had, Python, JAX and mapped pages included.
"""

import re
import time
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np
from absl import app, flags

from stgnf_jax.flow import STGNF
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.model import Model
from stgnf_jax.set_scoring import WindowSource, set_scores

FLAGS = flags.FLAGS
flags.DEFINE_integer("devices", 1, "virtual devices", lower_bound=1)
flags.DEFINE_integer("windows", 1000, "how many; they go round the detections", lower_bound=1)
flags.DEFINE_string("detections", None, "(D, V, 3) float32, as .npy", required=True)

FLOW = FlowConfig()


def main(_: Sequence[str]) -> None:
    """Measures and prints."""
    jax.config.update("jax_num_cpu_devices", FLAGS.devices)
    x = np.random.default_rng(0).normal(size=(256, *FLOW.event_shape)).astype(np.float32)
    init = jax.jit(lambda key: STGNF(FLOW).init(key, x, train=True))
    model = Model(FLOW, init(jax.random.key(0)), (856.0, 480.0))
    keypoints = np.load(FLAGS.detections, mmap_mode="r")
    start = np.arange(FLAGS.windows) % (len(keypoints) - FLOW.segment_length)
    source = WindowSource(keypoints, start, model.resolution)
    set_scores(model, source._replace(start=start[:10000]))  # compiles
    began = time.perf_counter()
    set_scores(model, source)
    rate = FLAGS.windows / (time.perf_counter() - began)
    peak = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    print(f"windows/s: {rate:.0f} resident MB: {int(peak[1]) / 1024 if peak else 0:.0f}")


if __name__ == "__main__":
    app.run(main)
