"""CUHK Avenue, unsupervised.

    stgnf check-data --config=configs/avenue.py --config.data.root=DIR
    stgnf train      --config=configs/avenue.py --config.data.root=DIR --workdir=RUN

DIR holds the ground truth as it is distributed, `ground_truth_demo/testing_label_mask`, and poses
in `pose/train` and `pose/test`, which the data set does not have: see docs/datasets/avenue.md.
The paper has no number.
"""

from ml_collections import ConfigDict

from stgnf_jax.config import default_config
from stgnf_jax.datasets import BENCHMARKS


def get_config() -> ConfigDict:
    """The configuration."""
    config = default_config()
    config.data.benchmark = "avenue"
    config.data.masks = "ground_truth_demo/testing_label_mask"
    config.data.resolution = BENCHMARKS["avenue"].resolution
    return config
