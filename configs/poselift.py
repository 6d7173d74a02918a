"""PoseLift, shoplifting in a shop, unsupervised.

    stgnf check-data --config=configs/poselift.py --config.data.root=DIR
    stgnf train      --config=configs/poselift.py --config.data.root=DIR --workdir=RUN

DIR holds poses in `pose/train` and `pose/test` and masks in `gt/test_frame_mask`: see
docs/datasets/poselift.md. The paper has no number; PoseLift's authors trained the published system
and have an AUC of 67.46.
"""

from ml_collections import ConfigDict

from stgnf_jax.config import default_config
from stgnf_jax.datasets import BENCHMARKS


def get_config() -> ConfigDict:
    """The configuration."""
    config = default_config()
    config.data.benchmark = "poselift"
    config.data.resolution = BENCHMARKS["poselift"].resolution
    return config
