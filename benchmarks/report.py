"""How large the page of a long clip is, how soon it is there, and how fast it scrubs.

    python benchmarks/report.py --frames=40000 --people=3

It needs `chromium`. The people are made up and the flow is untrained: neither matters to the page.
"""

import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np
import orjson
from absl import app, flags
from playwright.sync_api import Page, sync_playwright

from stgnf_jax import checkpoint
from stgnf_jax.config import default_config
from stgnf_jax.evaluation import score
from stgnf_jax.flow import STGNF
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.model import Model
from stgnf_jax.report import write_report

FLAGS = flags.FLAGS
flags.DEFINE_integer("frames", 40_000, "of the clip", lower_bound=100)
flags.DEFINE_integer("people", 3, "in every frame", lower_bound=1)
flags.DEFINE_integer("track", 1000, "frames that a person stays", lower_bound=30)
flags.DEFINE_string("keep", "", "HTML file to keep the page in")

REDRAWS = 300
# Milliseconds from the beginning of a picture of the browser's until the page has drawn its part.
SCRUB = """async (redraws) => {
  const input = document.getElementById("frame");
  const took = [];
  for (let i = 0; i < redraws; i++) {
    input.value = Math.floor(Number(input.max) * ((i * 0.618) % 1));
    input.dispatchEvent(new Event("input"));
    const began = await new Promise(requestAnimationFrame);
    took.push(performance.now() - began);
  }
  return took.sort((a, b) => a - b);
}"""


def write_poses(folder: Path) -> None:
    """One clip in which `--people` walk in every frame."""
    rng = np.random.default_rng(0)
    clip = {}
    for number in range(FLAGS.frames // FLAGS.track * FLAGS.people):
        first = number // FLAGS.people * FLAGS.track
        time_ = np.arange(FLAGS.track)[:, None, None]
        body = rng.uniform((0, 0), (40, 120), (17, 2)) + rng.uniform((50, 50), (500, 300))
        swing = 8 * np.sin(0.5 * time_ + rng.uniform(0, 6, (17, 1)))
        place = body + swing + 0.2 * time_ + rng.normal(0, 1, (FLAGS.track, 17, 2))
        poses = np.concatenate([place, np.ones((FLAGS.track, 17, 1))], -1).round(1)
        clip[str(number)] = {
            str(first + frame): {"keypoints": pose, "scores": 1.0}
            for frame, pose in enumerate(poses.reshape(FLAGS.track, -1).tolist())
        }
    folder.mkdir(parents=True)
    (folder / "long.json").write_bytes(orjson.dumps(clip))


def write_page(folder: Path) -> Path:
    """The report on that clip."""
    config = default_config()
    config.data.root, config.data.cache_dir = str(folder), ""
    write_poses(folder / config.data.test_poses)
    flow = FlowConfig()
    x = np.random.default_rng(0).normal(size=(16, *flow.event_shape)).astype(np.float32)
    variables = STGNF(flow).init(jax.random.key(0), x, train=True)
    checkpoint.save(folder / "model", Model(flow, variables, (856.0, 480.0)))
    score(config, folder / "model", folder / "run")
    return write_report(folder / "run")


def measure(page: Page, file: Path) -> None:
    """Opens the page, scrubs, and prints what it took."""
    began = time.perf_counter()
    page.goto(file.as_uri())
    page.wait_for_selector('#stage[aria-busy="false"]')
    print(f"{file.stat().st_size / 2**20:.1f} MiB, there after {time.perf_counter() - began:.2f} s")
    took = page.evaluate(SCRUB, REDRAWS)
    median, slow = took[len(took) // 2], took[int(0.99 * len(took))]
    print(f"a redraw: median {median:.1f} ms, 99 % within {slow:.1f} ms")


def main(_: Sequence[str]) -> None:
    """Makes the page and measures it."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = write_page(Path(folder))
        if FLAGS.keep:
            shutil.copy(file, FLAGS.keep)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        measure(browser.new_page(viewport={"width": 1400, "height": 900}), file)
        browser.close()


if __name__ == "__main__":
    app.run(main)
