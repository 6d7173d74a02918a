"""Scores that do not trust the likelihood: eight flows, density of states.

    stgnf train --config=configs/robust.py --config.data.root=DIR \
        --config.data.resolution=1920,1080 --workdir=RUN

DIR is that of `custom.py`; files named as ShanghaiTech's fit too. Eight flows are trained in one
run, and a window's score is how usual their own statistics of it are among normal windows. What
was tried, and the figures: docs/robust_scores.md.
"""

from ml_collections import ConfigDict

from stgnf_jax.config import default_config


def get_config() -> ConfigDict:
    """The configuration."""
    config = default_config()
    config.ensemble = 8
    config.scoring.score = "density_of_states"
    return config
