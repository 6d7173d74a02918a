"""The demo: a made-up town, a flow trained on its normal life, scores and pictures."""

import os
from pathlib import Path

from ml_collections import ConfigDict

from stgnf_jax.checkpoint import check_free, load_members
from stgnf_jax.config import default_config
from stgnf_jax.evaluation import Evaluation, evaluate
from stgnf_jax.gallery import save_pictures
from stgnf_jax.town import build_town
from stgnf_jax.training import train


def demo_config() -> ConfigDict:
    """The default configuration for the town's files."""
    config = default_config()
    config.data.benchmark = "shanghaitech"
    # The town is small: twice the epochs for as many steps as a small benchmark takes.
    config.training.epochs = 16
    return config


def demo(out: str | os.PathLike[str], seed: int) -> Evaluation:
    """Builds the town in `out`/town, trains in `out`/run, and draws pictures into `out`.

    Raises:
      InputError: `out` cannot be written, or holds a demo already.
    """
    out = Path(out)
    config = demo_config()
    config.seed = seed
    config.data.root = str(out / "town")
    check_free(out / "run")
    build_town(out / "town", seed)
    train(config, out / "run")
    evaluation = evaluate(config, out / "run", out / "run")
    save_pictures(evaluation, load_members(out / "run"), config.scoring.score, out)
    return evaluation
