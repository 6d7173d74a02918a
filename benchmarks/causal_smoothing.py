"""What it costs to smooth frame scores without looking at later frames.

    python benchmarks/causal_smoothing.py --config=configs/robust.py --config.data.root=DIR \
        --config.data.benchmark=shanghaitech --checkpoint=RUN

AUC in percent of the same window scores: unsmoothed, smoothed with the paper's Gaussians, which
see both sides, and with the filter of a live stream, whose fill for frames without a score is
causal too. A causal filter is late by about the frames in which it forgets: the last column takes
what it says for so many frames before. Prints a Markdown table for docs/live.md.
"""

import jax
import numpy as np
from absl import app, flags, logging
from ml_collections import config_flags
from numpy.typing import NDArray

from stgnf_jax.causal_smoothing import Smoother, gain, new_smoother, smooth_frame
from stgnf_jax.evaluation import load_scorers, score_against_masks
from stgnf_jax.metrics import auc_micro
from stgnf_jax.scoring import FrameScores

FLAGS = flags.FLAGS
CONFIG = config_flags.DEFINE_config_file("config", None, "what is scored")
flags.DEFINE_string("checkpoint", None, "the model")
flags.DEFINE_list("smoothing", ["1", "2", "5", "10", "20", "30", "40", "60", "80"], "as of stream")
flags.mark_flags_as_required(["config", "checkpoint"])


def smooth_causally(lowest: NDArray[np.floating], frames: float) -> NDArray[np.floating]:
    """One clip's scores (F,), frame by frame; before the first score, nothing is more normal."""

    def turn(smoother: Smoother, one: jax.Array) -> tuple[Smoother, jax.Array]:
        smoother = smooth_frame(smoother, one, gain(frames))
        return smoother, smoother.level

    level = np.asarray(jax.lax.scan(turn, new_smoother(), lowest.astype(np.float32))[1])
    return np.where(np.isnan(level), np.inf, level)


def live(frames: FrameScores, smoothing: float, late: int = 0) -> NDArray[np.floating]:
    """Frame scores smoothed clip by clip, (F,), each as the filter says it `late` frames later."""
    lowest = np.where(frames.scored, frames.raw, np.inf)
    clips = [lowest[frames.frames(clip)] for clip in range(len(frames.clips))]
    smoothed = [np.pad(smooth_causally(clip, smoothing), (0, late), "edge") for clip in clips]
    return np.concatenate([clip[late:] for clip in smoothed])


def main(_: list[str]) -> None:
    """Prints the table."""
    logging.set_verbosity(logging.WARNING)
    scored, normal = score_against_masks(CONFIG.value, load_scorers(CONFIG.value, FLAGS.checkpoint))
    frames = scored.frames
    rows = {"none": [frames.raw], "Gaussians, both sides": [frames.smoothed]}
    for s in FLAGS.smoothing:
        rows[f"{s} frames"] = [live(frames, float(s)), live(frames, float(s), round(float(s)))]
    print("| smoothing | AUC | so many frames late |\n|---|---|---|")
    for name, columns in rows.items():
        cells = [f"{100 * auc_micro(normal, score):.1f}" for score in columns]
        print(f"| {name} | {' | '.join(cells)} |" + " |" * (2 - len(cells)))


if __name__ == "__main__":
    app.run(main)
